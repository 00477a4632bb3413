//! Fields and members of oneofs.

use proc_macro2::Ident;

use super::context::{Context, Site, attributes};
use super::defaults::default_value;
use super::names;
use super::scopes::{Scope, append};
use crate::descriptor::{self, FieldType};
use crate::features;
use crate::model::{self, Member, Packing, Presence, Scalar, Shape, Type};
use crate::pool::TypeId;

/// A field and where it is.
pub(super) struct Field<'f> {
    pub(super) message: TypeId,
    pub(super) descriptor: &'f descriptor::Field,
    pub(super) site: Site,
}

/// A field that is no member of a oneof; `None` once what is wrong with it is reported.
pub(super) fn resolve_field(context: &Context<'_>, field: &Field<'_>, idents: &mut FieldNames) -> Option<model::Field> {
    let shape = shape(context, field)?;
    let descriptor = field.descriptor;
    Some(model::Field {
        number: descriptor.number,
        ident: idents.claim(names::snake(&descriptor.name), &shape),
        docs: context.docs(&field.site),
        attributes: attributes([&context.rules.fields], &full_name(context, field)),
        deprecated: descriptor.is_deprecated(),
        shape,
    })
}

/// A member of a oneof; `None` once what is wrong with it is reported.
pub(super) fn resolve_member(
    context: &Context<'_>,
    field: &Field<'_>,
    oneof: &descriptor::Oneof,
    variants: &mut Scope,
) -> Option<Member> {
    let descriptor = field.descriptor;
    let inherited = context.pool.get(field.message).features;
    let inherited = inherited.with(oneof.options.as_ref().and_then(|o| o.features));
    let ty = field_type(context, field, inherited.of_field(descriptor).delimited)?;
    let entry = context.pool.get(field.message);
    let name = format!("{}.{}.{}", entry.name, oneof.name, descriptor.name);
    Some(Member {
        number: descriptor.number,
        variant: variants.claim(names::camel(&descriptor.name)),
        docs: context.docs(&field.site),
        attributes: attributes([&context.rules.fields], &name),
        deprecated: descriptor.is_deprecated(),
        boxed: is_boxed(context, field),
        ty,
    })
}

fn shape(context: &Context<'_>, field: &Field<'_>) -> Option<Shape> {
    let descriptor = field.descriptor;
    let features = context.pool.get(field.message).features.of_field(descriptor);
    if descriptor.is_repeated() {
        if let Some(entry) = context.pool.find_message(&descriptor.type_name).filter(|m| m.is_map_entry()) {
            return map(context, field, entry);
        }
        let ty = field_type(context, field, features.delimited)?;
        let packing = match &ty {
            Type::Scalar(Scalar::String | Scalar::Bytes) | Type::SharedBytes => Packing::Never,
            Type::Message(_) | Type::Group(_) => Packing::Never,
            Type::Scalar(_) | Type::Enum(_) if features.packed => Packing::Packed,
            Type::Scalar(_) | Type::Enum(_) => Packing::Expanded,
        };
        return Some(Shape::Repeated { ty, packing });
    }
    let ty = field_type(context, field, features.delimited)?;
    let is_message = matches!(ty, Type::Message(_) | Type::Group(_));
    // A default of such a message would have no end, as it would hold one of itself.
    let requires_itself = |inner| context.facts.requires_itself(field.message, inner);
    let is_endless = || is_message && context.pool.find(&descriptor.type_name).is_some_and(requires_itself);
    Some(Shape::Singular {
        presence: match features.presence {
            features::Presence::Required if !is_endless() => Presence::Required,
            features::Presence::Implicit if !is_message => Presence::Implicit,
            _ => Presence::Optional,
        },
        boxed: is_message && is_boxed(context, field),
        default: default_value(context, &field.site, descriptor, &ty),
        ty,
    })
}

/// Map fields and what is in their entries are length-prefixed whatever the features say.
fn map(context: &Context<'_>, field: &Field<'_>, entry: &descriptor::Message) -> Option<Shape> {
    let part = |number: i32| {
        let found = entry.field.iter().find(|field| field.number == number)?;
        let name = field.descriptor.name.clone();
        let part = descriptor::Field { name, ..found.clone() };
        let site = Site { file: field.site.file, path: field.site.path.clone() };
        field_type(context, &Field { message: field.message, descriptor: &part, site }, false)
    };
    match (part(1)?, part(2)?) {
        (Type::Scalar(key), value) if !matches!(key, Scalar::Float | Scalar::Double | Scalar::Bytes) => {
            let ordered = context.rules.btree_map.contains(&full_name(context, field));
            Some(Shape::Map { key, value, ordered })
        }
        _ => {
            context.report(
                &field.site,
                "the type of the map's keys is none for keys",
                "use an integer, bool or string",
            );
            None
        }
    }
}

fn field_type(context: &Context<'_>, field: &Field<'_>, delimited: bool) -> Option<Type> {
    let descriptor = field.descriptor;
    let reference = || context.type_ref(&field.site, &descriptor.type_name);
    let scalar = match FieldType::try_from(descriptor.r#type) {
        Ok(FieldType::Enum) => return reference().map(Type::Enum),
        Ok(FieldType::Message | FieldType::Group) if delimited => return reference().map(Type::Group),
        Ok(FieldType::Message | FieldType::Group) => return reference().map(Type::Message),
        Ok(FieldType::Bytes) if context.rules.bytes.contains(&full_name(context, field)) => {
            return Some(Type::SharedBytes);
        }
        Ok(FieldType::Double) => Scalar::Double,
        Ok(FieldType::Float) => Scalar::Float,
        Ok(FieldType::Int32) => Scalar::Int32,
        Ok(FieldType::Int64) => Scalar::Int64,
        Ok(FieldType::Uint32) => Scalar::Uint32,
        Ok(FieldType::Uint64) => Scalar::Uint64,
        Ok(FieldType::Sint32) => Scalar::Sint32,
        Ok(FieldType::Sint64) => Scalar::Sint64,
        Ok(FieldType::Fixed32) => Scalar::Fixed32,
        Ok(FieldType::Fixed64) => Scalar::Fixed64,
        Ok(FieldType::Sfixed32) => Scalar::Sfixed32,
        Ok(FieldType::Sfixed64) => Scalar::Sfixed64,
        Ok(FieldType::Bool) => Scalar::Bool,
        Ok(FieldType::String) => Scalar::String,
        Ok(FieldType::Bytes) => Scalar::Bytes,
        Err(_) => {
            context.report(&field.site, "the field's type is not known", "repair the descriptor");
            return None;
        }
    };
    Some(Type::Scalar(scalar))
}

fn is_boxed(context: &Context<'_>, field: &Field<'_>) -> bool {
    let ty = context.pool.find(&field.descriptor.type_name);
    let is_message = ty.is_some_and(|ty| context.pool.get(ty).message().is_some());
    // The option is asked first: it may name a field that would be boxed in any case.
    is_message
        && (context.rules.boxes(context.pool, field.message, field.descriptor)
            || ty.is_some_and(|ty| context.facts.is_recursive(field.message, field.descriptor, ty)))
}

/// With a leading dot, as options name it.
fn full_name(context: &Context<'_>, field: &Field<'_>) -> String {
    format!("{}.{}", context.pool.get(field.message).name, field.descriptor.name)
}

/// The names of a struct's fields, and of the methods that prost's derive adds for some of them.
#[derive(Default)]
pub(super) struct FieldNames {
    fields: Scope,
    methods: Scope,
}

impl FieldNames {
    /// A name for a field without methods.
    pub(super) fn claim_plain(&mut self, name: String) -> Ident {
        self.fields.claim(name)
    }

    /// A name of which neither the field nor a method of it is taken.
    fn claim(&mut self, mut name: String, shape: &Shape) -> Ident {
        while self.fields.contains(&name) || !self.methods_are_free(&name, shape) {
            append(&mut name, "_");
        }
        for method in methods(&name, shape) {
            self.methods.reserve(method);
        }
        self.fields.claim(name)
    }

    fn methods_are_free(&self, name: &str, shape: &Shape) -> bool {
        // prost's derive makes `get_` and the name into an identifier, which a raw one cannot be part of.
        let is_broken = matches!(shape, Shape::Map { value: Type::Enum(_), .. }) && name.starts_with("r#");
        !is_broken && methods(name, shape).iter().all(|method| !self.methods.contains(method))
    }
}

fn methods(name: &str, shape: &Shape) -> Vec<String> {
    let plain = name.trim_start_matches("r#");
    let with = |prefixes: &[&str]| prefixes.iter().map(|prefix| format!("{prefix}{plain}")).collect();
    match shape {
        Shape::Singular { ty: Type::Enum(_), .. } => with(&["", "set_"]),
        Shape::Repeated { ty: Type::Enum(_), .. } => with(&["", "push_"]),
        Shape::Map { value: Type::Enum(_), .. } => with(&["get_", "insert_"]),
        Shape::Singular { ty: Type::Scalar(_) | Type::SharedBytes, presence: Presence::Optional, .. } => with(&[""]),
        _ => Vec::new(),
    }
}
