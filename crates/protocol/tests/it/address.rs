//! CHIP addresses: three spellings of one thing, and refusals that say what to mend.

use proptest::prelude::*;
use protocol::{ChipAddress, Host};

use crate::some;

const AGENT: &str = "12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2";
const RELAY: &str = "12D3KooWAkxfiRRoWKHnSRbU55hjegPU47ix4JFN4VVKW5tvs5vQ";

proptest! {
    #[test]
    fn every_spelling_is_read_back(address in some::address()) {
        prop_assert_eq!(address.link().parse(), Ok(address.clone()));
        prop_assert_eq!(address.multiaddr().parse(), Ok(address.clone()));
        prop_assert_eq!(address.to_string().parse(), Ok(address.clone()));
        let bare = ChipAddress { endpoint: None, ..address.clone() };
        prop_assert_eq!(address.short().parse(), Ok(bare));
        for spelling in [address.link(), address.multiaddr()] {
            prop_assert!(spelling.len() <= ChipAddress::MAX_LEN);
        }
        let json = serde_json::to_string(&address).unwrap();
        prop_assert_eq!(serde_json::from_str::<ChipAddress>(&json).unwrap(), address);
    }

    #[test]
    fn any_text_gives_an_address_or_a_reason(
        text in ".*",
        mut bytes in some::address().prop_map(|a| a.link().into_bytes()), at: prop::sample::Index, byte: u8,
    ) {
        let at = at.index(bytes.len());
        bytes[at] = byte;
        for text in [text, String::from_utf8_lossy(&bytes).into_owned()] {
            if let Ok(address) = text.parse::<ChipAddress>() {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }
    }
}

#[test]
fn spellings_of_known_addresses() {
    for (link, multiaddr) in [
        ("chip://suzie:AGENT", "/p2p/AGENT/chip/suzie"),
        ("chip://suzie:AGENT@chip.example:8421", "/dns/chip.example/tcp/8421/p2p/AGENT/chip/suzie"),
        (
            "chip://suzie:AGENT@192.0.2.1:1?transport=quic",
            "/ip4/192.0.2.1/udp/1/quic-v1/p2p/AGENT/chip/suzie",
        ),
        (
            "chip://suzie:AGENT@[2001:db8::1]:65535",
            "/ip6/2001:db8::1/tcp/65535/p2p/AGENT/chip/suzie",
        ),
        (
            "chip://suzie:AGENT@relay.example:8421?relay=RELAY",
            "/dns/relay.example/tcp/8421/p2p/RELAY/p2p-circuit/p2p/AGENT/chip/suzie",
        ),
        (
            "chip://suzie:AGENT@192.0.2.1:1?transport=quic&relay=RELAY",
            "/ip4/192.0.2.1/udp/1/quic-v1/p2p/RELAY/p2p-circuit/p2p/AGENT/chip/suzie",
        ),
    ] {
        let named = |text: &str| text.replace("AGENT", AGENT).replace("RELAY", RELAY);
        let (link, multiaddr) = (named(link), named(multiaddr));
        let address: ChipAddress = link.parse().unwrap();
        assert_eq!(address.multiaddr(), multiaddr);
        assert_eq!(multiaddr.parse::<ChipAddress>().unwrap().link(), link);
        assert_eq!(address.short(), format!("suzie:{AGENT}"));
    }
}

#[test]
fn names_for_one_ip_version_are_taken_as_names() {
    for part in ["dns", "dns4", "dns6"] {
        let text = format!("/{part}/chip.example/tcp/8421/p2p/{AGENT}/chip/suzie");
        let address: ChipAddress = text.parse().unwrap();
        assert!(matches!(address.endpoint.unwrap().host, Host::Dns(_)));
    }
}

#[test]
fn records_hold_the_printed_spelling_only() {
    let read = |text: String| {
        serde_json::from_value::<ChipAddress>(text.into()).map_err(|error| error.to_string())
    };
    assert!(read(format!("suzie:{AGENT}")).is_ok());
    assert!(read(format!("chip://suzie:{AGENT}@chip.example:8421")).is_ok());
    let written = Err(format!("in a record this address is written suzie:{AGENT}"));
    assert_eq!(read(format!("chip://suzie:{AGENT}")), written);
    assert_eq!(read(format!("/p2p/{AGENT}/chip/suzie")), written);
}

#[test]
fn what_is_no_address_is_refused_with_the_reason() {
    let form = "address: endpoint is not of the form host:port";
    for (text, reason) in [
        ("", "not an address like suzie:AGENT, chip://suzie:AGENT@host:port or /dns/…/chip/suzie"),
        (
            "suzie",
            "not an address like suzie:AGENT, chip://suzie:AGENT@host:port or /dns/…/chip/suzie",
        ),
        (
            "Suzie:AGENT",
            "address: user name holds 'S'; only a-z, 0-9, '.', '_' and '-' are allowed",
        ),
        ("suzie:AGENT@h:1", "address: agent id has 56 characters, not 52"),
        ("chip://suzie:AGENT@", form),
        ("chip://suzie:AGENT@host", form),
        ("chip://suzie:AGENT@[::1:80", form),
        ("chip://suzie:AGENT@host:0", r#"address: "0" is not a port from 1 to 65535"#),
        ("chip://suzie:AGENT@host:080", r#"address: "080" is not a port from 1 to 65535"#),
        ("chip://suzie:AGENT@host:+80", r#"address: "+80" is not a port from 1 to 65535"#),
        ("chip://suzie:AGENT@host:65536", r#"address: "65536" is not a port from 1 to 65535"#),
        (
            "chip://suzie:AGENT@Host:80",
            r#"address: "Host" is neither a host name in small letters nor an IP address"#,
        ),
        (
            "chip://suzie:AGENT@1.2.3.256:80",
            r#"address: "1.2.3.256" is neither a host name in small letters nor an IP address"#,
        ),
        (
            "chip://suzie:AGENT@a..b:80",
            r#"address: "a..b" is neither a host name in small letters nor an IP address"#,
        ),
        ("chip://suzie:AGENT@[0:0::1]:80", "address: this IPv6 address is written ::1"),
        (
            "chip://suzie:AGENT@h:1?transport=tcp",
            r#"address: "transport=tcp" is neither a transport nor a relay; ONLY"#,
        ),
        (
            "chip://suzie:AGENT@h:1?relay=RELAY&transport=quic",
            "address: relay: agent id has 67 characters, not 52",
        ),
        (
            "chip://suzie:AGENT@h:1?transport=quic&",
            r#"address: "transport=quic&" is neither a transport nor a relay; ONLY"#,
        ),
        ("chip://suzie:AGENT@h:1?relay=", "address: relay: agent id has 0 characters, not 52"),
        (
            "/dns/h/tcp/1/p2p/RELAY/p2p-circuit/chip/suzie",
            r#"address: multiaddr has "chip" where p2p is needed"#,
        ),
        (
            "/p2p/RELAY/p2p-circuit/p2p/AGENT/chip/suzie",
            r#"address: multiaddr has "p2p-circuit" where chip is needed"#,
        ),
        (
            "/dns/h/tcp/1/p2p/RELAY/p2p-circuit/p2p/AGENT/p2p-circuit/p2p/AGENT/chip/suzie",
            r#"address: multiaddr has "p2p-circuit" where chip is needed"#,
        ),
        ("/", r#"address: multiaddr has "" where dns, ip4, ip6 or p2p is needed"#),
        ("/dns/h/sctp/1", r#"address: multiaddr has "sctp" where tcp or udp is needed"#),
        ("/dns/h/udp/1/quic/p2p/AGENT", r#"address: multiaddr has "quic" where quic-v1 is needed"#),
        ("/dns/h/tcp/1/ws/p2p/AGENT", r#"address: multiaddr has "ws" where p2p is needed"#),
        ("/p2p/AGENT", r#"address: multiaddr has "" where chip is needed"#),
        ("/p2p/AGENT/chip/suzie/", r#"address: multiaddr has "" where the end is needed"#),
    ] {
        let only = "only ?transport=quic and ?relay=AGENT, in this order and joined by &, may follow the port";
        let reason = reason.replace("ONLY", only);
        let text = text.replace("AGENT", AGENT).replace("RELAY", RELAY);
        let found = text.parse::<ChipAddress>().unwrap_err().to_string();
        assert_eq!(found, reason, "{text:?}");
    }
    let long = format!("suzie:{}", "1".repeat(600));
    assert_eq!(
        long.parse::<ChipAddress>().unwrap_err().to_string(),
        "address is longer than 512 bytes"
    );
}
