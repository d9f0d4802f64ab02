//! CHIP addresses: every spelling of what was read means the same.
#![no_main]

use protocol::ChipAddress;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(address) = fuzz::printed_is_read_back::<ChipAddress>(data) else { return };
    for spelling in [address.link(), address.multiaddr()] {
        assert!(spelling.len() <= ChipAddress::MAX_LEN);
        assert_eq!(spelling.parse().as_ref(), Ok(&address));
    }
    let bare = ChipAddress { endpoint: None, ..address.clone() };
    assert_eq!(address.short().parse(), Ok(bare));
    let json = serde_json::to_value(&address).expect("an address is a text");
    assert_eq!(serde_json::from_value::<ChipAddress>(json).ok(), Some(address));
});
