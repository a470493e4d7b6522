//! Law 8: the lifecycle of a hook.

use crate::Call;

/// Law 8: `begin (after_create_session (before_run (after_run | undone))*)+ (end | failed)`.
///
/// Where something failed the last phase may be cut short: a run without its `after_run` is followed by `failed`, by
/// another session, by another try of the same run, or, if the input was used up, by `end`.
#[track_caller]
pub fn hook_lifecycle(calls: &[Call]) {
    let [Call::Begin, rest @ ..] = calls else { panic!("the first call is not begin: {calls:?}") };
    let Some((last, middle)) = rest.split_last() else { panic!("no end was told: {calls:?}") };
    assert!(matches!(last, Call::End { .. } | Call::Failed { .. }), "the last call is not end or failed: {calls:?}");
    for (index, call) in middle.iter().enumerate() {
        let previous = index.checked_sub(1).map(|previous| &middle[previous]);
        let in_order = match call {
            Call::Created { .. } => true,
            Call::Before { .. } => previous.is_some(),
            Call::After { .. } | Call::Undone { .. } => matches!(previous, Some(Call::Before { .. })),
            Call::Begin | Call::End { .. } | Call::Failed { .. } => false,
        };
        assert!(in_order, "{call:?} comes out of order: {calls:?}");
    }
    let created = middle.iter().any(|call| matches!(call, Call::Created { .. }));
    assert!(created || matches!(last, Call::Failed { .. }), "it ended well without a session: {calls:?}");
}
