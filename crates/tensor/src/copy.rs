//! The copy between two sets: restore, warm start, conversion and roll-back are this.

use std::fmt;

use crate::{
    Error, ErrorKind, Result, Spec, Tensor, Variables, VariablesMut,
    convert::{convert, is_convertible},
};

/// What [`copy`] may do. By default nothing may be missing, unused, reshaped or retyped.
///
/// Where names are given, one that ends in `/` stands for all names that begin so, and the empty one for every name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyRules {
    /// Variables of the target that the source does not have keep their values.
    pub allow_missing: bool,
    /// Variables of the source that the target does not have are passed over.
    pub allow_unused: bool,
    /// A value of another shape is taken if it has as many elements.
    pub allow_reshaped: bool,
    /// A value of another dtype is converted: floats to the nearest, integers if they fit.
    pub allow_retyped: bool,
    /// Pairs (name in the target, name in the source); the first that fits counts.
    pub rename: Vec<(String, String)>,
    /// Names of the target that keep their values.
    pub keep: Vec<String>,
}

/// What [`copy`] did, or by [`compare`] would do; names are the target's, but for `unused`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// Variables that take the source's value as it is.
    pub copied: Vec<String>,
    /// Variables that the source does not have.
    pub missing: Vec<String>,
    /// Variables of the source that nothing takes.
    pub unused: Vec<String>,
    /// Variables of the same dtype but another shape: what the target has, and what the source has.
    pub reshaped: Vec<(Spec, Spec)>,
    /// Variables of another dtype, whatever their shape: what the target has, and what the source has.
    pub retyped: Vec<(Spec, Spec)>,
}

impl CopyRules {
    /// The name in the source of the target's variable `name`.
    fn source_name(&self, name: &str) -> String {
        let renamed = |(target, source): &(String, String)| Some(format!("{source}{}", rest(name, target)?));
        self.rename.iter().find_map(renamed).unwrap_or_else(|| name.into())
    }

    fn keeps(&self, name: &str) -> bool {
        self.keep.iter().any(|kept| rest(name, kept).is_some())
    }

    /// Whether a value of the source becomes one of the target.
    fn fits(&self, target: &Spec, source: &Spec) -> bool {
        let shape =
            target.shape == source.shape || (self.allow_reshaped && target.shape.elements() == source.shape.elements());
        let dtype = target.dtype == source.dtype || (self.allow_retyped && is_convertible(source.dtype, target.dtype));
        shape && dtype
    }
}

/// What `name` has behind `given`, where that is the name itself or stands for all that begin so.
fn rest<'a>(name: &'a str, given: &str) -> Option<&'a str> {
    name.strip_prefix(given).filter(|rest| rest.is_empty() || given.is_empty() || given.ends_with('/'))
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
        let changed = self.reshaped.iter().chain(&self.retyped);
        let unfit = changed.filter(|(target, source)| !rules.fits(target, source));
        faults.extend(unfit.map(|(target, source)| difference(target, source)));
        if faults.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::FailedPrecondition, format!("the sets do not fit: {}", faults.join("; "))))
    }
}

/// For people: how many variables take a value as it is, then a line for each that does not.
impl fmt::Display for CopyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} copied", self.copied.len())?;
        let changed = |(target, source): &(Spec, Spec)| difference(target, source);
        let lists: [(&str, Vec<String>); 4] = [
            ("missing", self.missing.clone()),
            ("unused", self.unused.clone()),
            ("reshaped", self.reshaped.iter().map(changed).collect()),
            ("retyped", self.retyped.iter().map(changed).collect()),
        ];
        let lines = lists.iter().flat_map(|(what, names)| names.iter().map(move |name| (what, name)));
        lines.into_iter().try_for_each(|(what, name)| write!(f, "\n{what:<9} {name}"))
    }
}

fn difference(target: &Spec, source: &Spec) -> String {
    let Spec { name, dtype, shape } = target;
    format!("{name} is {dtype}{shape} here, {}{} in the source", source.dtype, source.shape)
}

/// What [`copy`] would do, from the specs alone; [`CopyReport::check`] tells whether it may.
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
    let (pairs, report) = plan(from, &*into, rules);
    report.check(rules)?;
    let values = pairs.iter().map(|(target, source)| value(from, target, source)).collect::<Result<Vec<_>>>()?;
    into.assign_all(values)?;
    Ok(report)
}

/// The source's value as the target takes it.
fn value(from: &dyn Variables, target: &Spec, source: &str) -> Result<(String, Tensor)> {
    let fitted = |value: Tensor| match *value.shape() == *target.shape {
        true => convert(&value, target.dtype),
        false => convert(&value, target.dtype)?.reshape(&target.shape),
    };
    let value = from.read(source).and_then(fitted).map_err(|error| error.context(&target.name))?;
    Ok((target.name.clone(), value))
}

/// Each variable that takes a value with the name of that in the source, and the report.
fn plan(from: &dyn Variables, into: &dyn Variables, rules: &CopyRules) -> (Vec<(Spec, String)>, CopyReport) {
    let offered = from.specs();
    let mut used = vec![false; offered.len()];
    let mut pairs = Vec::new();
    let mut report = CopyReport::default();
    for target in into.specs().into_iter().filter(|spec| !rules.keeps(&spec.name)) {
        let name = rules.source_name(&target.name);
        let Ok(index) = offered.binary_search_by(|spec| spec.name.cmp(&name)) else {
            report.missing.push(target.name);
            continue;
        };
        used[index] = true;
        let source = &offered[index];
        if source.dtype != target.dtype {
            report.retyped.push((target.clone(), source.clone()));
        } else if source.shape != target.shape {
            report.reshaped.push((target.clone(), source.clone()));
        } else {
            report.copied.push(target.name.clone());
        }
        pairs.push((target, name));
    }
    let unused = offered.into_iter().zip(used).filter(|(_, used)| !used);
    report.unused = unused.map(|(spec, _)| spec.name).filter(|name| !rules.keeps(name)).collect();
    (pairs, report)
}
