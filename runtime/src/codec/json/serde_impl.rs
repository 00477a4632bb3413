//! What generated code calls for each message, whether or not the feature `serde` is on: it cannot know.

/// Implements serde's traits for a generated message.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! impl_serde {
    ($message:ty) => {
        impl $crate::json::serde_crate::Serialize for $message {
            fn serialize<S: $crate::json::serde_crate::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::json::serialize(self, serializer)
            }
        }

        impl<'de> $crate::json::serde_crate::Deserialize<'de> for $message {
            fn deserialize<D: $crate::json::serde_crate::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::json::deserialize(deserializer)
            }
        }
    };
}

/// Implements nothing: the feature `serde` is off.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! impl_serde {
    ($message:ty) => {};
}
