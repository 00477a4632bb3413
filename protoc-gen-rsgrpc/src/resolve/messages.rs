//! Messages and their oneofs.

use super::context::{Context, Site, attributes};
use super::fields::{Field, FieldNames, resolve_field, resolve_member};
use super::scopes::Scope;
use super::{enums, json, names};
use crate::descriptor;
use crate::model::{Member, Message, Module, Oneof, Shape, TypePath};
use crate::pool::TypeId;

/// The messages of a list that are generated.
pub(super) fn messages(context: &Context<'_>, ids: &[TypeId]) -> Vec<Message> {
    ids.iter().filter_map(|&id| message(context, id)).collect()
}

fn message(context: &Context<'_>, id: TypeId) -> Option<Message> {
    let Some(TypePath::Local { ident, .. }) = &context.names.paths[id.0] else { return None };
    let entry = context.pool.get(id);
    let descriptor = entry.message()?;
    let site = Site { file: entry.file, path: entry.path.clone() };
    let mut idents = FieldNames::default();
    let mut members: Vec<Vec<Member>> = descriptor.oneof_decl.iter().map(|_| Vec::new()).collect();
    let mut variants: Vec<Scope> = descriptor.oneof_decl.iter().map(|_| Scope::default()).collect();
    let mut fields = Vec::with_capacity(descriptor.field.len());
    for (index, field) in descriptor.field.iter().enumerate() {
        let field = Field { message: id, descriptor: field, site: site.child(2, index) };
        match oneof_index(field.descriptor) {
            None => fields.extend(resolve_field(context, &field, &mut idents)),
            Some(index) if index < members.len() => {
                let oneof = &descriptor.oneof_decl[index];
                members[index].extend(resolve_member(context, &field, oneof, &mut variants[index]));
            }
            Some(_) => context.report(&field.site, "the field's oneof does not exist", "repair the descriptor"),
        }
    }
    let oneofs = members.into_iter().enumerate().filter(|(_, members)| !members.is_empty());
    let oneofs: Vec<_> = oneofs.map(|(index, members)| oneof(context, id, index, members, &mut idents)).collect();
    let json = context.options.json.then(|| json::fields(context, id, &fields, &oneofs));
    Some(Message {
        name: descriptor.name.clone(),
        full_name: entry.full_name().to_owned(),
        ident: ident.clone(),
        docs: context.docs(&site),
        attributes: attributes([&context.rules.types, &context.rules.messages], &entry.name),
        derives: context.facts.message_derives(id),
        plain_debug: fields.iter().any(|field| matches!(field.shape, Shape::Map { ordered: true, .. })),
        fields,
        oneofs,
        json,
        module: Module::clone(&context.names.modules[id.0]),
        messages: messages(context, &entry.messages),
        enums: enums::enums(context, &entry.enums),
    })
}

/// The oneof a field is a member of, unless protoc made it up for a proto3 `optional` field.
fn oneof_index(field: &descriptor::Field) -> Option<usize> {
    let index = field.oneof_index.filter(|_| !field.proto3_optional)?;
    Some(usize::try_from(index).unwrap_or(usize::MAX))
}

fn oneof(context: &Context<'_>, message: TypeId, index: usize, members: Vec<Member>, idents: &mut FieldNames) -> Oneof {
    let entry = context.pool.get(message);
    let site = Site { file: entry.file, path: entry.path.clone() }.child(8, index);
    let descriptors = entry.message().map(|message| message.field.as_slice()).unwrap_or_default();
    let own = descriptors.iter().filter(|field| oneof_index(field) == Some(index));
    let simple_name = entry.message().map_or("", |message| message.oneof_decl[index].name.as_str());
    let name = format!("{}.{simple_name}", entry.name);
    Oneof {
        field: idents.claim_plain(names::snake(simple_name)),
        ident: context.names.oneofs[message.0][index].clone(),
        docs: context.docs(&site),
        field_attributes: attributes([&context.rules.fields], &name),
        type_attributes: attributes([&context.rules.types, &context.rules.enums], &name),
        derives: context
            .facts
            .derives_of(context.pool, message, own, |message, field| context.rules.boxes(context.pool, message, field)),
        members,
    }
}
