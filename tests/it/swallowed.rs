//! Panics that the tensor library swallows on threads of its own, as it names them.

use std::thread;

use autopeft::model::tensor::{Device, Tensor, Work, is_lost, read_back, wait};
use autopeft::threads::swallowed::{self, Mark};

use crate::support::alone::is_alone;

fn panics_on(thread: &str, text: &'static str) {
    let thread = thread::Builder::new().name(thread.to_owned());
    let ended = thread.spawn(move || panic!("{text}")).unwrap().join();
    assert!(ended.is_err());
}

#[test]
fn work_under_way_is_no_result_and_what_begins_later_is() {
    if !is_alone("swallowed::work_under_way_is_no_result_and_what_begins_later_is") {
        return;
    }
    swallowed::note();
    let device = Device::flex();
    let read = || read_back::<f32, 1>(Tensor::<1>::ones([2], &device));
    let fails = |what: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(what)).unwrap_err();
        let fault = panic.downcast_ref().unwrap();
        assert!(is_lost(fault));
        fault.reason().to_owned()
    };
    let earlier = Work::begin();
    assert_eq!(read(), [1.0, 1.0]);
    let mark = Mark::now();
    panics_on("DSX-0-0", "a thread of others");
    assert_eq!(mark.since(), None);
    panics_on("DSD-3-0", "no room");
    panics_on("DSU-3-0", "nothing there");
    assert_eq!(mark.since().as_deref(), Some("no room"));
    for said in [fails(&|| drop(read())), fails(&|| wait(&device))] {
        assert!(said.ends_with("\nno room"), "{said}");
    }
    (0..100).for_each(|_| panics_on("DSD-3-0", "nor there"));
    assert_eq!(mark.since().as_deref(), Some("nor there"));
    Work::begin();
    assert_eq!(read(), [1.0, 1.0]);
    earlier.go_on();
    fails(&|| drop(read()));
    // A thread that began no work is given no result.
    thread::scope(|scope| {
        let elsewhere = scope.spawn(|| fails(&|| drop(read())));
        assert!(elsewhere.join().unwrap().ends_with("\nnor there"));
    });
}
