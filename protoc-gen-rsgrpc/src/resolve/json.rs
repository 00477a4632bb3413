//! How messages stand in JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::context::{Context, Site};
use super::layout::PackageNames;
use crate::descriptor;
use crate::model::{
    Access, ExternJson, Field, JsonField, MessageTypes, Module, Oneof, Presence, Shape, Type, TypePath,
};
use crate::pool::TypeId;

/// The fields of a message in the order of the proto, those of oneofs among them.
pub(super) fn fields(context: &Context<'_>, id: TypeId, fields: &[Field], oneofs: &[Oneof]) -> Vec<JsonField> {
    let entry = context.pool.get(id);
    let descriptors = entry.message().map(|message| message.field.as_slice()).unwrap_or_default();
    let mut places = places(fields, oneofs);
    let site = |index| Site { file: entry.file, path: entry.path.clone() }.child(2, index);
    let field = |(index, descriptor): (usize, &descriptor::Field)| {
        let (access, ty) = places.remove(&descriptor.number)?;
        Some(field(context, &site(index), descriptor, access, ty))
    };
    descriptors.iter().enumerate().filter_map(field).collect()
}

/// Where each field is and what it holds, by number.
fn places<'f>(fields: &'f [Field], oneofs: &'f [Oneof]) -> BTreeMap<i32, (Access, &'f Type)> {
    let plain = fields.iter().map(|field| {
        let ident = field.ident.clone();
        let place = match &field.shape {
            Shape::Singular { ty, presence: Presence::Implicit, .. } => (Access::Implicit(ident), ty),
            Shape::Singular { ty, presence: Presence::Required, .. } => (Access::Required(ident), ty),
            Shape::Singular { ty, presence: Presence::Optional, .. } => (Access::Optional(ident), ty),
            Shape::Repeated { ty, .. } => (Access::Repeated(ident), ty),
            Shape::Map { value, .. } => (Access::Map(ident), value),
        };
        (field.number, place)
    });
    let members = oneofs.iter().flat_map(|oneof| {
        oneof.members.iter().map(|member| {
            let (oneof, ident, variant) = (oneof.field.clone(), oneof.ident.clone(), member.variant.clone());
            (member.number, (Access::Member { oneof, ident, variant }, &member.ty))
        })
    });
    plain.chain(members).collect()
}

fn field(context: &Context<'_>, site: &Site, descriptor: &descriptor::Field, access: Access, ty: &Type) -> JsonField {
    let json_name = match descriptor.json_name.as_str() {
        "" => camel_case(&descriptor.name),
        name => name.to_owned(),
    };
    let is_plural = matches!(access, Access::Repeated(_) | Access::Map(_));
    let is_null = matches!(descriptor.type_name.as_str(), ".google.protobuf.Value" | ".google.protobuf.NullValue");
    // An extension has the one name only.
    let name = if json_name.starts_with('[') { &json_name } else { &descriptor.name };
    JsonField {
        name: name.clone(),
        json_name,
        enumeration: match ty {
            Type::Enum(reference) => Some(reference.clone()),
            _ => None,
        },
        nullable: is_null && !is_plural,
        access,
        without_json: without_json(context, site, ty),
    }
}

/// The name of a type that other code provides without JSON.
fn without_json(context: &Context<'_>, site: &Site, ty: &Type) -> Option<String> {
    let (Type::Enum(reference) | Type::Message(reference) | Type::Group(reference)) = ty else { return None };
    match &reference.path {
        TypePath::Extern { text, json, .. } if !has_json(context, site, json) => Some(text.to_string()),
        _ => None,
    }
}

/// Whether a type of other code has JSON. It is a mistake not to say so, complained of once for each path.
pub(super) fn has_json(context: &Context<'_>, site: &Site, json: &ExternJson) -> bool {
    if let ExternJson::Unsaid(path) = json
        && context.options.json
        && context.unsaid_json.borrow_mut().insert(Rc::clone(path))
    {
        context.report(
            site,
            format!("other code provides `{path}`, and it is not said whether that code has JSON"),
            format!(
                "set extern_json={path}=true if rsgrpc generated it, or extern_json={path}=false if not: its types are \
                 then errors where JSON meets them; or json=false for no JSON at all"
            ),
        );
    }
    *json == ExternJson::Yes
}

/// The JSON name that protoc gives a field; descriptors from elsewhere may lack it.
fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut capital = false;
    for character in name.chars() {
        match character {
            '_' => capital = true,
            _ if std::mem::take(&mut capital) => camel.push(character.to_ascii_uppercase()),
            _ => camel.push(character),
        }
    }
    camel
}

/// The lists of messages, by package.
pub(super) fn message_types(
    context: &Context<'_>,
    packages: &mut BTreeMap<String, PackageNames>,
) -> BTreeMap<String, MessageTypes> {
    if !context.options.json {
        return BTreeMap::new();
    }
    let mut lists = BTreeMap::new();
    for (name, package) in &mut *packages {
        let mut messages = package.files.iter().flat_map(|&file| &context.pool.file(file).messages);
        let is_local = |id: &TypeId| matches!(context.names.paths[id.0], Some(TypePath::Local { .. }));
        if messages.any(is_local) {
            let ident = package.scope.claim("MESSAGE_TYPES");
            lists.insert(name.clone(), MessageTypes { ident, imported: Vec::new() });
        }
    }
    let idents: Vec<_> = lists.iter().map(|(name, list)| (name.clone(), list.ident.clone())).collect();
    for (name, list) in &mut lists {
        let files = packages.get(name).map(|package| package.files.as_slice()).unwrap_or_default();
        let closure = context.import_closure(files);
        let imported: BTreeSet<&str> =
            closure.into_iter().map(|file| context.pool.file(file).file().package.as_str()).collect();
        let others = idents.iter().filter(|(other, _)| other != name && imported.contains(other.as_str()));
        list.imported = others
            .filter_map(|(other, ident)| Some((Module::clone(&packages.get(other)?.module), ident.clone())))
            .collect();
    }
    lists
}
