//! Sites that are far from each other: all that they say takes a fifth of a second and a bit, each way.

use super::super::pair::Two;
use super::proxy::{Line, Proxy};
use super::times;

fn far_from_each_other(transport: &str) {
    let far = Proxy::between(transport, Line::slow());
    let two: &Two = &far.sites;
    two.open_tally();
    let owed = two.pay(times());
    two.agree_on(owed);
    two.anns.does("invoice bob 7 --as ann --memo bread");
    two.wait("Bob sees the invoice", || {
        let invoices = two.bobs.json("invoice list --as bob");
        invoices["invoices"].as_array().is_some_and(|invoices| !invoices.is_empty())
    });
    assert!(far.line.seen().len() > 10_000, "they found another way");
    far.bobs.end();
    far.anns.end();
}

#[test]
fn a_fifth_of_a_second_each_way_over_tcp() {
    far_from_each_other("tcp");
}

#[test]
fn a_fifth_of_a_second_each_way_over_quic() {
    far_from_each_other("quic");
}
