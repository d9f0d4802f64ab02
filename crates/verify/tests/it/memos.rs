//! Things that are made once, in several threads, and queues.

use std::thread;

use verify::memo::{Interned, Memo};
use verify::queue::Queue;

#[test]
fn a_thing_has_one_number_whoever_asks() {
    let (all, squares) = (Interned::new(), Memo::new());
    let ask = || {
        let numbers = (0..500_u64).map(|thing| all.number(thing.to_string())).collect::<Vec<_>>();
        assert!(
            (0..500_u64).all(|thing| squares.get(thing, |thing| thing * thing) == thing * thing)
        );
        numbers
    };
    let [one, two] =
        thread::scope(|scope| [scope.spawn(ask), scope.spawn(ask)].map(|t| t.join().unwrap()));
    assert_eq!((one, all.len()), (two, 500));
    assert!((0..500).all(|number| all.find(&all.get(number)) == Some(number)));
}

#[test]
fn queues_with_the_same_in_them_are_equal_whatever_was_in_them_before() {
    let mut queue = Queue::default();
    [3, 1, 2].into_iter().for_each(|item| queue.push_new(item));
    queue.push_new(1);
    queue.overtake(2);
    assert_eq!(queue.items(), [2, 3, 1]);
    queue.overtake(3);
    queue.overtake(1);
    queue.overtake(2);
    assert_eq!(queue.items(), [1, 3, 2]);
    queue.overtake(1);
    assert_eq!(queue.items(), [3, 1, 2]);
    assert_eq!((queue.take(1), queue.take(7), queue.take(0)), (Some(1), None, Some(3)));
    let mut fresh = Queue::default();
    fresh.push(2);
    assert_eq!(queue, fresh);
}
