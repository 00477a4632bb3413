use prost_types::FieldMask;

use crate::codec::json::error::shortened;
use crate::codec::json::{Error, Json, Reader, Writer};

impl Json for FieldMask {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        let start = reader.position();
        let text = reader.string_of("field paths in a string, separated by commas")?;
        self.paths.clear();
        if let Some(raw) = reader.raw {
            self.paths.extend(raw.split(|&byte| byte == b',').map(|path| String::from_utf8_lossy(path).into_owned()));
            return Ok(());
        }
        if text.is_empty() {
            return Ok(());
        }
        for path in text.split(',') {
            if path.is_empty() {
                return Err(reader.error_at(start, "a path of a FieldMask is empty"));
            }
            // In a query either spelling is allowed; snake_case has no capitals to turn.
            if path.contains('_') && !reader.is_text() {
                let path = shortened(path);
                return Err(reader.error_at(start, format!("the path `{path}` of a FieldMask must be in camelCase")));
            }
            self.paths.push(snake_case(path));
        }
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Error> {
        let mut text = String::with_capacity(self.paths.iter().map(|path| path.len() + 1).sum());
        for path in &self.paths {
            if path.is_empty() {
                return Err(Error::new("a path of a FieldMask is empty"));
            }
            if !text.is_empty() {
                text.push(',');
            }
            push_camel_case(path, &mut text).ok_or_else(|| {
                let path = shortened(path);
                Error::new(format!("the path `{path}` of a FieldMask cannot be told from its camelCase"))
            })?;
        }
        writer.string(&text);
        Ok(())
    }
}

fn snake_case(path: &str) -> String {
    let capitals = path.bytes().filter(u8::is_ascii_uppercase).count();
    let mut snake = String::with_capacity(path.len() + capitals);
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// None if the way back would give another path, or several: with capitals, commas, or an underscore that no lower-case
/// letter follows.
fn push_camel_case(path: &str, camel: &mut String) -> Option<()> {
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        camel.push(match character {
            '_' => characters.next().filter(char::is_ascii_lowercase)?.to_ascii_uppercase(),
            'A'..='Z' | ',' => return None,
            _ => character,
        });
    }
    Some(())
}
