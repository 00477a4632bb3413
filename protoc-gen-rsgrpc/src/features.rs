//! What an edition or a syntax means, as resolved features.
//!
//! proto2 and proto3 are presets of the same features, so nothing after this module asks which of them a file is in.

use crate::descriptor::{FeatureSet, Field, FieldType, File, Label};
use crate::diagnostic::Diagnostic;
use crate::plugin::MAXIMUM_EDITION;

const EDITION_2023: i32 = 1000;

/// The features in force at one element, after inheritance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Features {
    pub(crate) presence: Presence,
    /// Repeated scalars share one length-delimited record.
    pub(crate) packed: bool,
    /// Messages are written as groups.
    pub(crate) delimited: bool,
}

/// Whether a singular field knows that it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Explicit,
    Implicit,
    Required,
}

impl Features {
    /// The features of a file before any element of it overrides them.
    pub(crate) fn of_file(file: &File) -> Result<Self, Diagnostic> {
        let editions = Self { presence: Presence::Explicit, packed: true, delimited: false };
        let preset = match file.syntax.as_str() {
            "" | "proto2" => Self { packed: false, ..editions },
            "proto3" => Self { presence: Presence::Implicit, ..editions },
            "editions" if (EDITION_2023..=MAXIMUM_EDITION).contains(&file.edition) => editions,
            "editions" => {
                return Err(Diagnostic::new(
                    format!("the file's edition (number {}) is not known", file.edition),
                    "use edition 2023 or 2024",
                ));
            }
            other => {
                return Err(Diagnostic::new(
                    format!("the syntax `{other}` is not known"),
                    "use proto2, proto3 or an edition",
                ));
            }
        };
        Ok(preset.with(file.options.as_ref().and_then(|o| o.features)))
    }

    /// These features overridden by what an element states.
    pub(crate) fn with(self, stated: Option<FeatureSet>) -> Self {
        let Some(stated) = stated else { return self };
        Self {
            presence: match stated.field_presence {
                1 => Presence::Explicit,
                2 => Presence::Implicit,
                3 => Presence::Required,
                _ => self.presence,
            },
            packed: match stated.repeated_field_encoding {
                1 => true,
                2 => false,
                _ => self.packed,
            },
            delimited: match stated.message_encoding {
                1 => false,
                2 => true,
                _ => self.delimited,
            },
        }
    }

    /// The features of a field. `proto2` and `proto3` state some of them by other means than `features`.
    pub(crate) fn of_field(self, field: &Field) -> Self {
        let options = field.options.as_ref();
        let mut features = self.with(options.and_then(|o| o.features));
        if field.label == Label::Required as i32 {
            features.presence = Presence::Required;
        }
        if field.proto3_optional {
            features.presence = Presence::Explicit;
        }
        if field.r#type == FieldType::Group as i32 {
            features.delimited = true;
        }
        if let Some(packed) = options.and_then(|o| o.packed) {
            features.packed = packed;
        }
        features
    }
}
