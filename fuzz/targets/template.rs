//! A path template that is accepted means what it says: written anew from its parts it is accepted with the same parts,
//! and is the same text but for `{name}`, which is short for `{name=*}`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protoc_gen_rsgrpc::fuzzing::template;

fuzz_target!(|text: &str| {
    let Some(written) = template(text) else { return };
    assert_eq!(template(&written).as_ref(), Some(&written), "{text}");
    assert_eq!(shortest(&written), shortest(text));
});

fn shortest(template: &str) -> String {
    template.replace("=*}", "}")
}
