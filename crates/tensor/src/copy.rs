//! The copy between two sets: restore, warm start, conversion and roll-back are this.

use crate::{Error, ErrorKind, Result, Spec, Tensor, Variables, VariablesMut};

/// What [`copy`] may do. By default nothing may be missing, unused or of another dtype or shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyRules {
    /// Variables of the target that the source does not have keep their values.
    pub allow_missing: bool,
    /// Variables of the source that the target does not have are passed over.
    pub allow_unused: bool,
    /// Pairs (name in the target, name in the source); a name that ends in `/` stands for all names that begin so.
    pub rename: Vec<(String, String)>,
    /// Names of the target that keep their values; a name that ends in `/` stands for all names that begin so.
    pub keep: Vec<String>,
}

/// What [`copy`] did, or by [`compare`] would do; names are the target's, but for `unused`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// Variables that take the source's value.
    pub copied: Vec<String>,
    /// Variables that the source does not have.
    pub missing: Vec<String>,
    /// Variables of the source that nothing takes.
    pub unused: Vec<String>,
    /// Variables of another dtype or shape: what the target has, and what the source has.
    pub mismatched: Vec<(Spec, Spec)>,
}

impl CopyRules {
    /// The name in the source of the target's variable `name`.
    fn source_name(&self, name: &str) -> String {
        let renamed = |(target, source): &(String, String)| match name.strip_prefix(target.as_str()) {
            Some("") => Some(source.clone()),
            Some(rest) if target.ends_with('/') => Some(format!("{source}{rest}")),
            _ => None,
        };
        self.rename.iter().find_map(renamed).unwrap_or_else(|| name.into())
    }

    fn keeps(&self, name: &str) -> bool {
        self.keep.iter().any(|kept| kept == name || (kept.ends_with('/') && name.starts_with(kept.as_str())))
    }
}

impl CopyReport {
    /// # Errors
    /// `FailedPrecondition` naming every variable that the rules do not allow.
    pub fn check(&self, rules: &CopyRules) -> Result<()> {
        let mut faults = Vec::new();
        if !self.missing.is_empty() && !rules.allow_missing {
            faults.push(format!("missing in the source: {}", self.missing.join(", ")));
        }
        if !self.unused.is_empty() && !rules.allow_unused {
            faults.push(format!("unknown to the target: {}", self.unused.join(", ")));
        }
        for (target, source) in &self.mismatched {
            let shapes =
                format!("{}{} here, {}{} in the source", target.dtype, target.shape, source.dtype, source.shape);
            faults.push(format!("{} is {shapes}", target.name));
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::FailedPrecondition, format!("the sets do not fit: {}", faults.join("; "))))
    }
}

/// What [`copy`] would do, from the specs alone.
pub fn compare(from: &dyn Variables, into: &dyn Variables, rules: &CopyRules) -> CopyReport {
    plan(from, into, rules).1
}

/// Copies the variables of `from` into those of `into`; values are shared, not duplicated.
///
/// All or nothing: every spec is compared and every value read before the first is assigned.
///
/// # Errors
/// `FailedPrecondition` naming everything that the rules do not allow; what reading or assigning returns.
///
/// ```
/// use everstep_tensor::{CopyRules, Snapshot, Tensor, Variables, copy};
///
/// let trained = Snapshot::from_iter([("dense/kernel", Tensor::scalar(0.5f32))]);
/// let mut model = Snapshot::from_iter([("dense/kernel", Tensor::scalar(0.0f32)), ("head", Tensor::scalar(1.0f32))]);
///
/// assert!(copy(&trained, &mut model, &CopyRules::default()).is_err());
/// let report = copy(&trained, &mut model, &CopyRules { allow_missing: true, ..Default::default() })?;
/// assert_eq!(report.missing, ["head"]);
/// assert_eq!(model.read("dense/kernel")?.item::<f32>()?, 0.5);
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
pub fn copy(from: &dyn Variables, into: &mut dyn VariablesMut, rules: &CopyRules) -> Result<CopyReport> {
    let (sources, report) = plan(from, &*into, rules);
    report.check(rules)?;
    let read = |(target, source): (&String, String)| Ok((target.clone(), from.read(&source)?));
    let values = report.copied.iter().zip(sources).map(read).collect::<Result<Vec<(String, Tensor)>>>()?;
    into.assign_all(values)?;
    Ok(report)
}

/// The names in the source of `report.copied`, and the report.
fn plan(from: &dyn Variables, into: &dyn Variables, rules: &CopyRules) -> (Vec<String>, CopyReport) {
    let offered = from.specs();
    let mut used = vec![false; offered.len()];
    let mut sources = Vec::new();
    let mut report = CopyReport::default();
    for target in into.specs().into_iter().filter(|spec| !rules.keeps(&spec.name)) {
        let name = rules.source_name(&target.name);
        let Ok(index) = offered.binary_search_by(|spec| spec.name.cmp(&name)) else {
            report.missing.push(target.name);
            continue;
        };
        used[index] = true;
        let source = &offered[index];
        if source.dtype == target.dtype && source.shape == target.shape {
            report.copied.push(target.name);
            sources.push(name);
        } else {
            report.mismatched.push((target, source.clone()));
        }
    }
    let unused = offered.into_iter().zip(used).filter(|(_, used)| !used);
    report.unused = unused.map(|(spec, _)| spec.name).filter(|name| !rules.keeps(name)).collect();
    (sources, report)
}
