//! Configurations: their text, what is refused, and how it is named.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::time::Duration;

use everstep_session::{GraphOptimization, Replica, SessionConfig};
use everstep_tensor::ErrorKind;

fn full() -> SessionConfig {
    SessionConfig {
        intra_op_threads: 4,
        graph_optimization: GraphOptimization::Off,
        seed: 7,
        trace_every: 100,
        memory_limit: Some(8 << 30),
        operation_timeout: Some(Duration::from_millis(2500)),
        replica: Replica { rank: 1, of: 2 },
    }
}

#[track_caller]
fn check_text(config: &SessionConfig, as_toml: &str, as_json: &str) {
    assert_eq!(toml::to_string(config).unwrap(), as_toml);
    assert_eq!(serde_json::to_string(config).unwrap(), as_json);
    assert_eq!(toml::from_str::<SessionConfig>(as_toml).unwrap(), *config);
    assert_eq!(serde_json::from_str::<SessionConfig>(as_json).unwrap(), *config);
}

#[test]
fn the_text_is_fixed_and_read_again() {
    check_text(
        &SessionConfig::default(),
        "intra_op_threads = 0\ngraph_optimization = \"on\"\nseed = 0\ntrace_every = 0\n\n[replica]\nrank = 0\nof = 1\n",
        r#"{"intra_op_threads":0,"graph_optimization":"on","seed":0,"trace_every":0,"replica":{"rank":0,"of":1}}"#,
    );
    check_text(
        &full(),
        "intra_op_threads = 4\ngraph_optimization = \"off\"\nseed = 7\ntrace_every = 100\nmemory_limit = 8589934592\noperation_timeout = 2.5\n\n\
         [replica]\nrank = 1\nof = 2\n",
        r#"{"intra_op_threads":4,"graph_optimization":"off","seed":7,"trace_every":100,"memory_limit":8589934592,"operation_timeout":2.5,"replica":{"rank":1,"of":2}}"#,
    );
}

#[test]
fn what_is_left_out_is_the_default() {
    let only_seed = SessionConfig { seed: 3, ..SessionConfig::default() };
    assert_eq!(toml::from_str::<SessionConfig>("").unwrap(), SessionConfig::default());
    assert_eq!(toml::from_str::<SessionConfig>("seed = 3").unwrap(), only_seed);
    assert_eq!(serde_json::from_str::<SessionConfig>(r#"{"seed": 3, "memory_limit": null}"#).unwrap(), only_seed);
    let second: SessionConfig = toml::from_str("operation_timeout = 30\n[replica]\nof = 2").unwrap();
    assert_eq!(second.replica, Replica { rank: 0, of: 2 });
    assert_eq!(second.operation_timeout, Some(Duration::from_secs(30)), "a whole number of seconds will do");
}

/// The same mistake in both formats: `key` must be named and `why` be said.
#[track_caller]
fn check_refused(as_toml: &str, as_json: &str, key: &str, why: &str) {
    let in_toml = toml::from_str::<SessionConfig>(as_toml).unwrap_err().message().to_owned();
    let in_json = serde_json::from_str::<SessionConfig>(as_json).unwrap_err().to_string();
    for message in [in_toml, in_json] {
        assert!(message.contains(key) && message.contains(why), "{message}");
    }
}

#[test]
fn a_mistake_is_named_by_its_key() {
    check_refused(
        "threads = 1",
        r#"{"threads": 1}"#,
        "`threads`",
        "expected one of `intra_op_threads`, `graph_optimization`, `seed`",
    );
    check_refused("intra_op_threads = -1", r#"{"intra_op_threads": -1}"#, "intra_op_threads: ", "invalid value");
    check_refused("seed = \"x\"", r#"{"seed": "x"}"#, "seed: ", "invalid type: string \"x\"");
    check_refused("trace_every = 0.5", r#"{"trace_every": 0.5}"#, "trace_every: ", "expected u64");
    check_refused("memory_limit = true", r#"{"memory_limit": true}"#, "memory_limit: ", "invalid type: boolean");
    check_refused("operation_timeout = -1.0", r#"{"operation_timeout": -1.0}"#, "operation_timeout: ", "negative");
    check_refused("operation_timeout = \"1s\"", r#"{"operation_timeout": "1s"}"#, "operation_timeout: ", "f64");
    check_refused("[replica]\nwho = 1", r#"{"replica": {"who": 1}}"#, "replica: ", "unknown field `who`");
    check_refused("[replica]\nof = \"2\"", r#"{"replica": {"of": "2"}}"#, "replica: ", "invalid type: string");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    SessionConfig::default().check().unwrap();
    full().check().unwrap();
    let last = SessionConfig { replica: Replica { rank: 2, of: 2 }, ..full() };
    let never = SessionConfig { operation_timeout: Some(Duration::ZERO), ..full() };
    for (config, named) in [(last, "replica: rank 2 of 2"), (never, "operation_timeout: no run ends within 0 s")] {
        let error = config.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains(named), "{error}");
    }
}
