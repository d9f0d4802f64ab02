//! Seeds that no vector holds: what halves, users and sites say to each other about the records of
//! the vectors.

use serde_json::{Value, json};

/// A name that any record may have.
const UUID: &str = "01234567-89ab-4cde-8f01-23456789abcd";
const DATE: &str = "2026-11-22T09:30:00.000Z";
const LATER: &str = "2026-12-01T00:00:00.000Z";

/// Targets and their seeds; `records` are the texts of `records.json` by name.
pub(crate) fn seeds(
    records: &dyn Fn(&str) -> Option<Value>,
) -> Option<Vec<(&'static str, Vec<Value>)>> {
    let (cert, tally, chit) = (records("cert of suzie")?, records("tally")?, records("payment")?);
    let hash = &tally["sign"]["hash"];
    let (from, agent) = (&cert["chad"], tally["stock"]["cert"]["chad"].as_str()?.split(['@', ':']));
    let agent = agent.into_iter().find(|part| part.starts_with("12D3"))?;
    let version = json!({ "revision": 1, "hash": hash });
    let head = json!({ "index": 1, "hash": hash });
    let (agree, terms) = (&tally["agree"], &tally["stock"]["terms"]);
    let draft = json!({ "agree": agree, "holder": terms, "partner": terms });
    let signed = chit["sign"].clone();
    let invoice = json!({
        "kind": "invoice", "v": 1, "uuid": UUID, "tally": tally["uuid"], "by": "foil",
        "revision": 1, "date": DATE, "expires": LATER, "units": 12_500, "ref": "2026-17",
        "memo": "cheese\nfor a feast", "sign": signed,
    });
    let invitation = json!({
        "tally": tally["uuid"], "cert": cert, "side": "stock", "draft": draft,
        "token": hash, "expires": LATER,
    });
    let said = [
        json!({ "negotiation": { "answer": { "cert": cert } } }),
        json!({ "negotiation": "answered" }),
        json!({ "negotiation": { "tally": tally } }),
        json!({ "negotiation": { "received": { "version": version } } }),
        json!({ "negotiation": { "withdraw": { "version": version } } }),
        json!({ "negotiation": { "ended": { "version": version, "end": "late" } } }),
        json!({ "negotiation": { "ended": { "version": version, "end": { "refused": { "reason": "too much" } } } } }),
        json!({ "ledger": { "upd": { "base": head, "chits": [chit], "head": head } } }),
        json!({ "ledger": { "ack": { "head": head } } }),
        json!({ "ledger": { "nak": { "locator": [head, head] } } }),
        json!({ "ledger": { "req": { "locator": [head] } } }),
        json!({ "invoice": { "invoice": invoice } }),
        json!({ "invoice": { "received": { "chit": UUID, "revision": 1 } } }),
        json!({ "invoice": { "refused": { "chit": UUID, "revision": 1, "reason": "too much" } } }),
        json!({ "invoice": "ask" }),
    ];
    let moved = json!({
        "kind": "moved", "v": 1, "tally": tally["uuid"], "by": "foil", "agent": agent, "counter": 1,
        "date": DATE, "key": hash, "sign": signed,
    });
    let freed = json!({
        "kind": "freed", "v": 1, "tally": tally["uuid"], "lift": hash, "by": "foil", "date": DATE, "key": hash,
        "sign": signed,
    });
    let said: Vec<_> = said.into_iter().chain([json!({ "freed": freed })]).collect();
    let note = |body: &Value| {
        json!({
            "kind": "note", "v": 1, "tally": tally["uuid"], "from": from, "to": "bob",
            "token": hash, "moved": moved, "body": body,
        })
    };
    let wish = |wish: Value| json!({ "tally": { "tally": tally["uuid"], "wish": wish } });
    let asked = vec![
        json!({ "add_user": { "kind": "person", "cert": cert } }),
        json!({ "suspend": { "cuid": "bob", "suspended": true } }),
        json!({ "add_contract": { "contract": records("contract")? } }),
        json!("clear"),
        json!({ "invite": { "tally": UUID, "side": "foil", "draft": draft, "expires": LATER } }),
        json!({ "answer": { "invitation": invitation } }),
        json!({ "new_cert": { "cert": cert, "proof": signed } }),
        wish(json!({ "draft": draft })),
        wish(json!({ "offer": tally })),
        wish(json!({ "refuse": { "offer": hash, "reason": "too much" } })),
        wish(json!({ "write": { "chit": chit, "over_limit": false } })),
        wish(json!({ "invoice": invoice })),
        wish(json!({ "refuse_invoice": { "invoice": UUID, "revision": 1 } })),
        wish(json!({ "recover": [chit] })),
        wish(json!({ "move": moved })),
        wish(json!({ "free": freed })),
        wish(json!("compare")),
        json!("status"),
        json!({ "history": { "user": "bob", "tally": UUID, "before": 7, "limit": 10 } }),
        json!({ "period": { "user": "bob", "tally": UUID, "from": DATE, "until": LATER, "after": 0, "limit": 10 } }),
        json!({ "to_offer": { "user": "bob", "tally": UUID, "draft": draft } }),
        json!("done"),
        json!({ "contract": { "new": true } }),
        json!({ "invited": invitation }),
        json!({ "tally": { "status": "open", "head": head, "balance": -5 } }),
        json!({ "period": { "opening": "-12", "entries": [] } }),
        json!({ "contracts": [records("contract")?] }),
    ];
    let request = |body: &Value| {
        json!({
            "kind": "request", "v": 1, "agent": agent, "cuid": "bob", "id": "pay-17", "date": DATE,
            "body": { "command": body }, "sign": signed,
        })
    };
    let ack = json!({ "kind": "ack", "v": 1, "tally": UUID, "head": head, "sign": signed });
    let kept = json!({ "invoice": invoice, "fate": "open", "told": false });
    let refused =
        json!({ "invoice": invoice, "fate": { "refused": { "reason": "late" } }, "told": true });
    let invoices =
        |kept: &Value| json!({ "tally": tally["uuid"], "side": "foil", "kept": { UUID: kept } });
    Some(vec![
        ("kept", vec![invoices(&kept), invoices(&refused)]),
        ("export", exports(&tally, &chit, &cert)?),
        ("note", said.iter().map(note).collect()),
        ("moved", vec![moved]),
        ("freed", vec![freed]),
        ("request", asked.iter().map(request).collect()),
        ("asked", asked),
        ("invoice", vec![invoice]),
        ("invitation", vec![invitation]),
        ("ack", vec![ack]),
    ])
}

/// A tally without chits, which is proved; one with a chit and a user, which are read.
fn exports(tally: &Value, chit: &Value, cert: &Value) -> Option<Vec<Value>> {
    let hash = &tally["sign"]["hash"];
    let side =
        ["stock", "foil"].into_iter().find(|side| tally[side]["cert"]["chad"] == cert["chad"])?;
    let agent = cert["chad"].as_str()?.split(['@', ':']).find(|part| part.starts_with("12D3"))?;
    let start = json!({ "index": 0, "hash": hash });
    let export = |links: &[Value], head: &Value| {
        json!({
            "kind": "tally_export", "v": 1, "date": DATE, "agent": agent, "side": side, "tally": tally,
            "contract": null, "links": links, "lifts": [], "head": head, "balance": 0, "word": null,
        })
    };
    let head = json!({ "index": 1, "hash": hash });
    let link = json!({ "head": head, "chit_hash": hash, "chit": chit });
    let empty = export(&[], &start);
    let user = json!({
        "kind": "user_export", "v": 1, "date": DATE, "agent": agent, "cert": tally[side]["cert"],
        "tallies": [empty],
    });
    Some(vec![empty, export(&[link], &head), user])
}

/// Locked keys, in lines for their parts.
pub(crate) const SEALED: &[&str] = &[
    "{\"alg\":\"PBES2-HS512+A256KW\",\"cty\":\"jwk+json\",\"enc\":\"A256GCM\",\"kid\":\"ann\",\"p2c\":1,\
     \"p2s\":\"AAAAAAAAAAAAAAAAAAAAAA\"}\n0123456789012345678901234567890123456789\n012345678901\n{}\n\
     0123456789012345",
    "eyJhbGciOiJQQkVTMi1IUzUxMitBMjU2S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjoxLCJwMnMiOiJBQUFBIn0.AAAA.\
     AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
];

/// Trust lines.
pub(crate) const TRUST: &[&str] = &[
    "ann bob -20 12.5 100\nbob cid -7E0 -7 0.0\n\ncid ann 0 0 1e41\na a 0 0 0\na b 0 x 1\n",
    "ann bob 5 7.12345 9e0\r\nbob\tann  -9 -8.5 -7\na b 0 1e30 1e31\n",
];

/// Texts with a limit.
pub(crate) const WORDS: &[&str] = &[
    "Suzie's Käse",
    "a\nb",
    "email",
    "AT",
    "1972-02-29",
    "[::1]:8421?transport=quic",
    "a.example:1",
];

/// Messages on a stream: how many bytes come at once, how much room there is, the frame.
pub(crate) const FRAMES: &[&str] = &[
    "\x10\x10\x01\x03\0\0\0\x05hello",
    "\x01\0\x04\x01\0\0\0\x05hello",
    "\x7f\x7f\x7f\x02\0\0\0\x09half",
    "\x02\x7f\x7f\x04\0\0\0\x04hello",
    "\x09\x7f\x7f\x60\0\0\0\x05lifts",
    "\x09\x7f\x7f\x03\0\x7f\0\0large",
];

/// Answers: how many bytes come at once, the answer.
pub(crate) const REPLIES: &[&str] = &[
    "\x10\0\0\0\0\x05taken",
    "\x01\x01\0\0\0\x02no",
    "\x03\x02\0\0\0\x09\0\0\x01\0later",
    "\x10\x03\0\0\0\0",
    "\x10\x04\0\0\0\0",
];

/// Places, as libp2p and as links write them.
pub(crate) const PLACES: &[&str] = &[
    "/ip4/192.0.2.1/tcp/8421",
    "/ip6/2001:db8::1/udp/8421/quic-v1",
    "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2/p2p-circuit",
    "/dns/chip.example/tcp/8421",
    "chip.example:8421",
    "[::1]:8421?transport=quic",
    "192.0.2.1:1?transport=quic&relay=12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2",
];

/// Links that ask for a payment.
pub(crate) const PAY_LINKS: &[&str] = &[
    "chip://ann:12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2@ann.example:8421#pay/12500/1764190000000/AAAAAAAAAAAAAAAAAAAAAA",
    "chip://ann:12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2@[::1]:1#pay/1/0/AAAAAAAAAAAAAAAAAAAAAA/MjAyNi0xNw",
];

/// Steps of two sites, four bytes each: see the target.
pub(crate) const STEPS: &[&str] = &[
    "2z20(z10)z20P00(4000(5000(5100(5200(P00(4000(5300(5400(",
    "2z2@(z1@)z2@P00(7024(7135(7246(6099(6199(P00(7357(8400(8009(",
    "2000(2000(2000(P00(6055(6a55(6p55(5000(5000(50004000(P00(>000abcdefgh",
];
