//! A path template that is accepted means what it says: written anew from its parts it is accepted with the same parts,
//! and is the same text but for `{name}`, which is short for `{name=*}`, and for characters that need no escape.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protoc_gen_rsgrpc::fuzzing::template;

fuzz_target!(|text: &str| {
    let Some(written) = template(text) else { return };
    assert_eq!(template(&written).as_ref(), Some(&written), "{text}");
    assert_eq!(shortest(&written), shortest(&spelled(text)));
});

fn shortest(template: &str) -> String {
    template.replace("=*}", "}")
}

/// With unreserved characters as they are, and all escapes in capitals (RFC 3986, 6.2.2).
fn spelled(template: &str) -> String {
    let mut parts = template.split('%');
    let mut spelled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        let byte = u8::from_str_radix(digits, 16).unwrap();
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => spelled.push(char::from(byte)),
            false => spelled.push_str(&format!("%{byte:02X}")),
        }
        spelled.push_str(rest);
    }
    spelled
}
