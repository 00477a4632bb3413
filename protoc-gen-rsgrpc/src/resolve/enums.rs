//! Enums and their values.

use super::context::{Context, Site, attributes};
use super::names;
use super::scopes::Scope;
use crate::descriptor;
use crate::model::{Enum, TypePath, Variant};
use crate::pool::{Definition, TypeId};

/// The enums of a list that are generated.
pub(super) fn enums(context: &Context<'_>, ids: &[TypeId]) -> Vec<Enum> {
    ids.iter().filter_map(|&id| resolve_enum(context, id)).collect()
}

fn resolve_enum(context: &Context<'_>, id: TypeId) -> Option<Enum> {
    let Some(TypePath::Local { ident, .. }) = &context.names.paths[id.0] else { return None };
    let entry = context.pool.get(id);
    let Definition::Enum(descriptor) = entry.definition else { return None };
    let site = Site { file: entry.file, path: entry.path.clone() };
    if descriptor.value.is_empty() {
        context.report(&site, format!("the enum `{}` has no values", entry.full_name()), "give it one");
    }
    let names = VariantNames::new(descriptor);
    let variant = |(index, ident): (usize, proc_macro2::Ident)| {
        let value = &descriptor.value[index];
        Variant {
            name: value.name.clone(),
            number: value.number,
            ident,
            docs: context.docs(&site.child(2, index)),
            attributes: attributes([&context.rules.fields], &format!("{}.{}", entry.name, value.name)),
            deprecated: value.options.is_some_and(|options| options.deprecated),
        }
    };
    Some(Enum {
        full_name: entry.full_name().to_owned(),
        json: context.options.json,
        ident: ident.clone(),
        docs: context.docs(&site),
        attributes: attributes([&context.rules.types, &context.rules.enums], &entry.name),
        variants: names.variants.into_iter().map(variant).collect(),
        aliases: names.aliases,
    })
}

/// The variants of an enum: one per number.
pub(super) struct VariantNames {
    /// Indices of values in the descriptor.
    pub(super) variants: Vec<(usize, proc_macro2::Ident)>,
    /// Values whose number an earlier variant has.
    aliases: Vec<(String, usize)>,
}

impl VariantNames {
    pub(super) fn new(descriptor: &descriptor::Enum) -> Self {
        let mut scope = Scope::default();
        let mut by_number = std::collections::HashMap::new();
        let mut names = Self { variants: Vec::new(), aliases: Vec::new() };
        for (index, value) in descriptor.value.iter().enumerate() {
            if let Some(&variant) = by_number.get(&value.number) {
                names.aliases.push((value.name.clone(), variant));
                continue;
            }
            by_number.insert(value.number, names.variants.len());
            let stripped = names::variant(&descriptor.name, &value.name);
            let taken = scope.contains(&stripped);
            let name = if taken { names::camel(&value.name) } else { stripped };
            names.variants.push((index, scope.claim(name)));
        }
        names
    }
}
