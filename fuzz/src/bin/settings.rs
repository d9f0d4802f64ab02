//! Settings: what is read keeps its rules and is written as it was.
#![no_main]

use protocol::{Json, Settings, Units};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(value) = protocol::json::parse(data) else { return };
    let Ok(settings) = value.read::<Settings>() else { return };
    assert!(Units::ZERO <= settings.target() && settings.target() <= settings.bound());
    assert!(settings.reward().ppm() + settings.clutch().ppm() >= 0);
    let again = Json::of(&settings).expect("settings are numbers");
    assert_eq!(again.read::<Settings>().ok(), Some(settings));
});
