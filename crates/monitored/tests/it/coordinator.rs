//! Threads beside the loop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use everstep_monitored::{Coordinator, Monitored, Options, Ran, Recovery};
use everstep_session::{Monotonic, Session as _, Stop};
use everstep_tensor::{Error, ErrorKind};
use everstep_testkit::{Call, Calls, Fetch, MemorySave, Server, VirtualClock};

use super::{Chief, Hooks, Saves, chief};

const LONG: Duration = Duration::from_secs(60);

fn error(kind: ErrorKind, message: &str) -> Error {
    Error::new(kind, message)
}

#[test]
fn case_202_a_stop_is_seen_by_the_threads() {
    let threads = Coordinator::default();
    let seen = Arc::new(AtomicU32::new(0));
    let count = seen.clone();
    threads
        .spawn("waiter", move |threads| {
            while !threads.stop().is_requested() {
                std::thread::yield_now();
            }
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .unwrap();
    threads.stop().request("enough");
    threads.join(LONG).unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[test]
fn case_203_205_join_waits_for_all_however_they_came() {
    let threads = Coordinator::default();
    let (done, all) = mpsc::channel();
    for number in 0..3 {
        let done = done.clone();
        threads
            .spawn("short", move |_| done.send(number).map_err(|_| error(ErrorKind::Internal, "nobody hears")))
            .unwrap();
    }
    let other = std::thread::spawn(move || done.send(3).unwrap());
    threads.register("other", other);
    threads.join(LONG).unwrap();
    assert_eq!(all.try_iter().count(), 4);
    assert!(threads.running().is_empty());
}

#[test]
fn case_206_stragglers_are_named_when_the_grace_is_over() {
    let clock = VirtualClock::new();
    let threads = Coordinator::new(Stop::default(), Arc::new(clock));
    let (end, wait) = mpsc::channel::<()>();
    let idle = move |_: &Coordinator| {
        let _ = wait.recv();
        Ok(())
    };
    threads.spawn("idle one", idle).unwrap();
    threads.stop().request("enough");
    let error = threads.join(Duration::from_secs(2)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("idle one") && error.to_string().contains("2 s"), "{error}");
    drop(end);
    Coordinator::join(&threads, LONG).unwrap();
}

#[test]
fn case_208_209_212_the_first_error_is_kept() {
    let threads = Coordinator::default();
    threads.spawn("first", |_| Err(error(ErrorKind::DataLoss, "First"))).unwrap();
    while !threads.stop().is_requested() {
        std::thread::yield_now();
    }
    threads.spawn("second", |_| Err(error(ErrorKind::Internal, "Too late"))).unwrap();
    let first = threads.join(LONG).unwrap_err();
    assert_eq!((first.kind(), first.to_string().as_str()), (ErrorKind::DataLoss, "thread first: First"));
    assert_eq!(threads.stop().reason(), Some("thread first: First"));
    threads.join(LONG).unwrap();
}

#[test]
fn a_panic_is_reported_as_an_error() {
    let threads = Coordinator::default();
    threads.spawn("clumsy", |_| panic!("this panic is part of a test")).unwrap();
    assert_eq!(threads.join(LONG).unwrap_err().kind(), ErrorKind::Internal);
}

/// Runs two steps; in the second a thread reports an error.
#[track_caller]
fn check_report(kind: ErrorKind, sessions: usize, stops: bool) {
    let calls = Calls::new();
    let saver = Arc::new(MemorySave::new());
    let threads = Coordinator::new(Stop::default(), Arc::new(VirtualClock::new()));
    let hooks: Hooks<'_> = vec![Box::new(calls.recorder("a")), Box::new(Saves { every: 1, last: 9 })];
    let options = Options { threads: threads.clone(), saver: Some(saver.clone()), ..Options::default() };
    let mut monitored = Monitored::begin(chief(&Server::new(), &saver, true), hooks, options).unwrap();
    assert!(matches!(monitored.run(&[Fetch::Update], &[]), Ok(Ran::Values(_))));
    threads.report(error(kind, "from a thread"));
    let second = monitored.run(&[Fetch::Update], &[]).map(|ran| matches!(ran, Ran::Values(_)));
    assert_eq!(second.unwrap(), !stops, "a run after an error that ends the training does not take place");
    assert_eq!(monitored.should_stop(), stops);
    let created = calls.of("a").iter().filter(|call| matches!(call, Call::Created { .. })).count();
    assert_eq!(created, sessions);
    let ended = monitored.finish().map(|session| session.map(|session| session.global_step()));
    match stops {
        true => assert_eq!(ended.unwrap_err().to_string(), "from a thread"),
        false => assert_eq!(ended.unwrap(), Some(2)),
    }
}

#[test]
fn case_52_a_lost_session_reported_by_a_thread_is_replaced() {
    check_report(ErrorKind::Aborted, 2, false);
    check_report(ErrorKind::Unavailable, 2, false);
}

#[test]
fn case_53_82_83_107_another_error_of_a_thread_ends_the_training_and_is_returned_at_its_end() {
    check_report(ErrorKind::Internal, 1, true);
    check_report(ErrorKind::EndOfInput, 1, true);
}

#[test]
fn case_46_the_threads_stop_is_the_loops() {
    let saver = Arc::new(MemorySave::new());
    let threads = Coordinator::default();
    let options = Options { threads: threads.clone(), ..Options::default() };
    let monitored = Monitored::begin(chief(&Server::new(), &saver, false), Vec::new(), options).unwrap();
    assert!(!monitored.should_stop());
    threads.stop().request("from outside");
    assert!(monitored.should_stop());
    assert_eq!(monitored.stop_reason(), Some("from outside"));
}

#[test]
fn case_47_an_error_of_a_run_is_returned_at_once() {
    let saver = Arc::new(MemorySave::new());
    let server = Server::new().fail_run(1, everstep_testkit::Fault::Before(ErrorKind::Internal));
    let mut monitored = Monitored::begin(chief(&server, &saver, false), Vec::new(), Options::default()).unwrap();
    assert_eq!(monitored.run(&[Fetch::Update], &[]).map(|_| ()).unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn case_49_threads_have_ended_when_the_training_has() {
    let saver = Arc::new(MemorySave::new());
    let threads = Coordinator::new(Stop::default(), Arc::new(Monotonic));
    for name in ["one", "two", "three"] {
        let work = |threads: &Coordinator| {
            while !threads.stop().is_requested() {
                std::thread::yield_now();
            }
            Ok(())
        };
        threads.spawn(name, work).unwrap();
    }
    let options = Options { threads: threads.clone(), ..Options::default() };
    let monitored = Monitored::begin(chief(&Server::new(), &saver, false), Vec::new(), options).unwrap();
    assert_eq!(threads.running().len(), 3);
    monitored.finish().unwrap();
    assert!(threads.running().is_empty());
}

#[test]
fn case_59_61_a_start_that_loses_its_session_is_repeated() {
    let saver = Arc::new(MemorySave::new());
    for kind in [ErrorKind::Aborted, ErrorKind::Unavailable] {
        let create = Chief { failures: vec![kind], ..chief(&Server::new(), &saver, false) };
        let monitored = Monitored::begin(create, Vec::new(), Options::default()).unwrap();
        assert_eq!((monitored.global_step(), monitored.restarts()), (0, 1));
    }
}

#[test]
fn case_64_103_a_session_that_is_never_replaced_returns_its_loss() {
    let saver = Arc::new(MemorySave::new());
    let calls = Calls::new();
    let aborts = calls.recorder("a").failing(Call::Before { step: 0 }, ErrorKind::Aborted);
    let options = Options { recovery: Recovery::NONE, ..Options::default() };
    let mut monitored =
        Monitored::begin(chief(&Server::new(), &saver, false), vec![Box::new(aborts)], options).unwrap();
    assert_eq!(monitored.run(&[Fetch::Update], &[]).map(|_| ()).unwrap_err().kind(), ErrorKind::Aborted);
}

#[test]
fn case_211_an_error_that_a_thread_handles_is_none() {
    let threads = Coordinator::default();
    let expected = || Err(error(ErrorKind::NotFound, "nothing more to read"));
    let work = move |_: &Coordinator| match expected() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    };
    threads.spawn("reader", work).unwrap();
    threads.join(LONG).unwrap();
}

#[test]
fn case_214_an_error_after_a_join_is_returned_by_the_next() {
    let threads = Coordinator::default();
    threads.join(LONG).unwrap();
    threads.report(error(ErrorKind::DataLoss, "late"));
    assert_eq!(threads.join(LONG).unwrap_err().to_string(), "late");
    threads.join(LONG).unwrap();
}

#[test]
fn case_215_217_226_threads_count_under_their_names_until_they_are_done() {
    let threads = Coordinator::default();
    let counts = [(3, "to three"), (30, "to thirty")].map(|(limit, name)| {
        let count = Arc::new(AtomicU32::new(0));
        let counted = count.clone();
        let work = move |_: &Coordinator| {
            while counted.load(Ordering::SeqCst) < limit {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            assert_eq!(std::thread::current().name(), Some(name));
            Ok(())
        };
        threads.spawn(name, work).unwrap();
        count
    });
    threads.join(LONG).unwrap();
    assert_eq!(counts.map(|count| count.load(Ordering::SeqCst)), [3, 30]);
}

#[test]
fn case_220_221_223_a_stop_before_the_start_an_error_and_others_threads() {
    let (stopped, other) = (Coordinator::default(), Coordinator::default());
    stopped.stop().request("before it began");
    let worked = Arc::new(AtomicU32::new(0));
    let count = worked.clone();
    let work = move |threads: &Coordinator| {
        if !threads.stop().is_requested() {
            count.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    };
    stopped.spawn("late", work).unwrap();
    stopped.join(LONG).unwrap();
    assert_eq!(worked.load(Ordering::SeqCst), 0);

    other.spawn("failing", |_| Err(error(ErrorKind::DataLoss, "damaged"))).unwrap();
    assert_eq!(other.join(LONG).unwrap_err().kind(), ErrorKind::DataLoss);
    assert!(stopped.join(LONG).is_ok(), "each has its own threads and errors");
}
