//! The workspace as cargo sees it: its packages, what they depend on, and their features.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    Outcome,
    process::{cargo, run_quietly},
};

/// The members of the workspace, in order of their names.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Every member.
    pub(crate) packages: Vec<Package>,
}

/// One member of the workspace, from its manifest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// The folder of the manifest, relative to the root.
    pub(crate) folder: PathBuf,
    /// Whether the package may go to a registry.
    pub(crate) published: bool,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
    /// Each feature and what it turns on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) has_build_script: bool,
}

/// One line of a manifest's dependencies; those for development are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Whether it is a member of this workspace.
    pub(crate) ours: bool,
    pub(crate) optional: bool,
    /// Whether it is for the build script.
    pub(crate) build: bool,
}

impl Workspace {
    /// Asks `cargo metadata`.
    pub(crate) fn load() -> Outcome<Self> {
        let output = run_quietly(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        Self::parse(&serde_json::from_slice(&output.stdout)?)
    }

    fn parse(metadata: &Value) -> Outcome<Self> {
        let root = PathBuf::from(text(&metadata["workspace_root"]).ok_or("cargo metadata names no workspace root")?);
        let mut packages = items(&metadata["packages"]).map(|value| Package::parse(value, &root)).collect::<Vec<_>>();
        packages.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Self { root, packages })
    }

    /// The members that may go to a registry.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.published)
    }
}

impl Package {
    fn parse(value: &Value, root: &Path) -> Self {
        let manifest = PathBuf::from(text(&value["manifest_path"]).unwrap_or_default());
        let folder = manifest.parent().unwrap_or(root);
        Self {
            name: text(&value["name"]).unwrap_or_default(),
            folder: folder.strip_prefix(root).unwrap_or(folder).to_path_buf(),
            published: value["publish"].is_null(),
            description: text(&value["description"]),
            license: text(&value["license"]),
            rust_version: text(&value["rust_version"]),
            keywords: texts(&value["keywords"]),
            categories: texts(&value["categories"]),
            dependencies: items(&value["dependencies"]).filter_map(Dependency::parse).collect(),
            features: features(&value["features"]),
            has_build_script: items(&value["targets"]).any(|target| texts(&target["kind"]) == ["custom-build"]),
        }
    }

    /// The name without the family's prefix: what the pages call the crate.
    pub(crate) fn short(&self) -> &str {
        short(&self.name)
    }

    /// The manifest's path, relative to the root.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }

    /// What the package is built with: everything but what only its build script needs.
    pub(crate) fn normal(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().filter(|dependency| !dependency.build)
    }
}

impl Dependency {
    fn parse(value: &Value) -> Option<Self> {
        let kind = text(&value["kind"]);
        (kind.as_deref() != Some("dev")).then(|| Self {
            name: text(&value["name"]).unwrap_or_default(),
            ours: !value["path"].is_null(),
            optional: value["optional"] == true,
            build: kind.is_some(),
        })
    }

    /// The name without the family's prefix.
    pub(crate) fn short(&self) -> &str {
        short(&self.name)
    }
}

fn short(name: &str) -> &str {
    name.strip_prefix("everstep-").unwrap_or(name)
}

fn features(value: &Value) -> BTreeMap<String, Vec<String>> {
    let features = value.as_object().into_iter().flatten();
    features.map(|(name, enabled)| (name.clone(), texts(enabled))).collect()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    items(value).filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_package_is_read_from_cargo_metadata() {
        let metadata = json!({"workspace_root": "/w", "packages": [{
            "name": "everstep-hook", "manifest_path": "/w/crates/hook/Cargo.toml", "publish": null,
            "description": "hooks", "features": {"default": [], "fast": ["dep:log"]},
            "targets": [{"kind": ["lib"]}, {"kind": ["custom-build"]}],
            "dependencies": [
                {"name": "everstep-tensor", "kind": null, "optional": false, "path": "/w/crates/tensor"},
                {"name": "log", "kind": null, "optional": true},
                {"name": "cc", "kind": "build", "optional": false},
                {"name": "proptest", "kind": "dev", "optional": false},
            ],
        }, {"name": "a-private-one", "manifest_path": "/w/a/Cargo.toml", "publish": []}]});
        let workspace = Workspace::parse(&metadata).unwrap();

        let names = workspace.packages.iter().map(Package::short).collect::<Vec<_>>();
        assert_eq!(names, ["a-private-one", "hook"]);
        let hook = workspace.published().next().unwrap();
        assert_eq!(hook.manifest(), Path::new("crates/hook/Cargo.toml"));
        assert!(hook.has_build_script);
        assert_eq!(hook.features["fast"], ["dep:log"]);
        let normal = hook.normal().map(|d| (d.short(), d.ours, d.optional)).collect::<Vec<_>>();
        assert_eq!(normal, [("tensor", true, false), ("log", false, true)]);
        assert_eq!(hook.dependencies.len(), 3);
    }
}
