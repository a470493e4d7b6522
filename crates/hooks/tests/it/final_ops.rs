//! Values of the trained model.

use everstep_hook::Hook;
use everstep_hooks::FinalOps;
use everstep_session::{Outcome, Purpose, Request, Session};
use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Tensor, Variables, VariablesMut};

/// A trained model: a scalar, a vector, and a sum with what is fed.
#[derive(Default)]
struct Trained {
    variables: Snapshot,
    requests: Vec<Request<&'static str, &'static str>>,
}

impl Session for Trained {
    type Fetch = &'static str;
    type Input = &'static str;

    fn run(&mut self, request: &Request<&'static str, &'static str>, outcome: &mut Outcome) -> Result<()> {
        self.requests.push(request.clone());
        let fed = || request.feeds.iter().map(|(_, value)| value.to_f64()).sum::<Result<f64>>();
        let value = |fetch: &&'static str| match *fetch {
            "scalar" => Ok(Tensor::scalar(37i64)),
            "vector" => Tensor::from_vec([3], vec![37i64, 38, 39]),
            "sum" => Ok(Tensor::scalar(fed()? + 1.0)),
            _ => Err(Error::new(ErrorKind::EndOfInput, "the batches are used up")),
        };
        outcome.values = request.fetches.iter().map(value).collect::<Result<_>>()?;
        Ok(())
    }
    fn global_step(&self) -> u64 {
        7
    }
    fn variables(&self) -> &dyn Variables {
        &self.variables
    }
    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        &mut self.variables
    }
}

type Feed = [(&'static str, Tensor); 0];
const NOTHING: Feed = [];

#[track_caller]
fn check(fetch: &'static str, feeds: impl IntoIterator<Item = (&'static str, Tensor)>, expected: Tensor) {
    let (mut session, mut hook) = (Trained::default(), FinalOps::new([fetch], feeds));
    assert!(hook.values().is_none());
    let ended = Hook::<Trained>::end(&mut hook, &mut session);
    assert_eq!(ended.map_err(|error| error.to_string()), Ok(()));
    let given = hook.values().and_then(<[Tensor]>::first).map(|value| value.bit_eq(&expected));
    assert_eq!((given, session.requests.len()), (Some(true), 1));
    assert_eq!(session.requests[0].purpose, Purpose::Read);
}

#[test]
fn case_160_a_scalar_can_be_read_after_the_end() {
    check("scalar", NOTHING, Tensor::scalar(37i64));
}

#[test]
fn case_161_a_vector_can_be_read_after_the_end() -> Result<()> {
    check("vector", NOTHING, Tensor::from_vec([3], vec![37i64, 38, 39])?);
    Ok(())
}

#[test]
fn case_163_the_hooks_own_feed_is_fed() {
    check("sum", [("x", Tensor::scalar(41.0f64))], Tensor::scalar(42.0f64));
}

#[test]
fn values_come_in_the_order_of_the_fetches() -> Result<()> {
    let (mut session, mut hook) = (Trained::default(), FinalOps::new(["vector", "scalar", "vector"], NOTHING));
    Hook::<Trained>::end(&mut hook, &mut session)?;
    let lengths: Option<Vec<usize>> = hook.values().map(|values| values.iter().map(Tensor::len).collect());
    assert_eq!(lengths, Some(vec![3, 1, 3]));
    Ok(())
}

#[test]
fn an_input_that_is_used_up_is_explained() {
    let (mut session, mut hook) = (Trained::default(), FinalOps::new(["next_batch"], NOTHING));
    let error = Hook::<Trained>::end(&mut hook, &mut session).expect_err("there is no batch");
    let message =
        "the final fetches read an input that may be used up by then; feed them instead: the batches are used up";
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::EndOfInput, message));
    assert!(hook.values().is_none());
}
