//! The parameter that protoc hands over: all options of a command joined by commas.

/// The parts between commas, except commas inside brackets or double quotes.
pub(super) fn split_parameter(parameter: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0_usize, false);
    for (index, character) in parameter.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(&parameter[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&parameter[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}
