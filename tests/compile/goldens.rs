// Every golden, as a module. Kept by the golden test.

#[path = "../golden/apis/mod.rs"]
pub mod apis;

#[path = "../golden/attributes/mod.rs"]
pub mod attributes;

#[path = "../golden/client_only/mod.rs"]
pub mod client_only;

#[path = "../golden/collisions/mod.rs"]
pub mod collisions;

#[path = "../golden/comments/mod.rs"]
pub mod comments;

#[path = "../golden/deep_nesting/mod.rs"]
pub mod deep_nesting;

#[path = "../golden/deprecated/mod.rs"]
pub mod deprecated;

#[path = "../golden/derive_hazards/mod.rs"]
pub mod derive_hazards;

#[path = "../golden/descriptor_set/mod.rs"]
pub mod descriptor_set;

#[path = "../golden/editions2023/mod.rs"]
pub mod editions2023;

#[path = "../golden/editions2024/mod.rs"]
pub mod editions2024;

#[path = "../golden/enums/mod.rs"]
pub mod enums;

#[path = "../golden/extensions/mod.rs"]
pub mod extensions;

#[path = "../golden/extern_paths/mod.rs"]
pub mod extern_paths;

#[path = "../golden/groups/mod.rs"]
pub mod groups;

#[path = "../golden/http/mod.rs"]
pub mod http;

#[path = "../golden/http_streams/mod.rs"]
pub mod http_streams;

#[path = "../golden/json/mod.rs"]
pub mod json;

#[path = "../golden/json_off/mod.rs"]
pub mod json_off;

#[path = "../golden/keywords/mod.rs"]
pub mod keywords;

#[path = "../golden/layout_single/mod.rs"]
pub mod layout_single;

#[path = "../golden/maps/mod.rs"]
pub mod maps;

#[path = "../golden/masks/mod.rs"]
pub mod masks;

#[path = "../golden/no_package/mod.rs"]
pub mod no_package;

#[path = "../golden/oneofs/mod.rs"]
pub mod oneofs;

#[path = "../golden/options_types/mod.rs"]
pub mod options_types;

#[path = "../golden/other_packages/mod.rs"]
pub mod other_packages;

#[path = "../golden/package_names/lib.rs"]
pub mod package_names;

#[path = "../golden/prelude_names/mod.rs"]
pub mod prelude_names;

#[path = "../golden/presence/mod.rs"]
pub mod presence;

#[path = "../golden/proto2/mod.rs"]
pub mod proto2;

#[path = "../golden/provided_types/mod.rs"]
pub mod provided_types;

#[path = "../golden/recursion/mod.rs"]
pub mod recursion;

#[path = "../golden/rest/mod.rs"]
pub mod rest;

#[path = "../golden/server_only/mod.rs"]
pub mod server_only;

#[path = "../golden/service_only/mod.rs"]
pub mod service_only;

#[path = "../golden/services/mod.rs"]
pub mod services;

#[path = "../golden/well_known/mod.rs"]
pub mod well_known;
