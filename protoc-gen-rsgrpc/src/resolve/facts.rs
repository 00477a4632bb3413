//! What follows from how messages contain each other.

use crate::descriptor::{Field, FieldType};
use crate::features::Presence;
use crate::model::Derives;
use crate::pool::{Pool, TypeEntry, TypeId};

/// Facts about every message.
pub(super) struct Facts {
    /// Messages that contain each other have the same number.
    component: Vec<usize>,
    /// The same, where groups do not count.
    component_without_groups: Vec<usize>,
    /// The same, where only required fields count.
    component_of_required: Vec<usize>,
    derives: Vec<Derives>,
}

impl Facts {
    /// `is_boxed` tells which fields an option boxes.
    pub(super) fn new(pool: &Pool<'_>, is_boxed: impl Fn(TypeId, &Field) -> bool) -> Self {
        let without_groups = components(&containment(pool, |_, field| field.r#type != FieldType::Group as i32));
        let mut facts = Self {
            component: numbers(&components(&containment(pool, |_, _| true))),
            component_without_groups: numbers(&without_groups),
            component_of_required: numbers(&components(&containment(pool, is_required))),
            derives: vec![Derives { copy: false, eq: false }; pool.types.len()],
        };
        // Contained components come before those that contain them.
        for member in without_groups.into_iter().flatten() {
            facts.derives[member] = facts.derive(pool, TypeId(member), &is_boxed);
        }
        facts
    }

    /// Whether a singular field would make the message that has it infinitely large. On a cycle with groups it is the
    /// groups that are to be boxed, as in prost-build.
    pub(super) fn is_recursive(&self, message: TypeId, field: &Field, field_type: TypeId) -> bool {
        let is_group = field.r#type == FieldType::Group as i32;
        let component = if is_group { &self.component } else { &self.component_without_groups };
        component[message.0] == component[field_type.0]
    }

    /// Whether a required field is of a message that requires in turn the one that has the field.
    pub(super) fn requires_itself(&self, message: TypeId, field_type: TypeId) -> bool {
        self.component_of_required[message.0] == self.component_of_required[field_type.0]
    }

    pub(super) fn message_derives(&self, message: TypeId) -> Derives {
        self.derives[message.0]
    }

    /// What some fields of a message allow their type to derive.
    pub(super) fn derives_of<'f>(
        &self,
        pool: &Pool<'_>,
        message: TypeId,
        fields: impl IntoIterator<Item = &'f Field>,
        is_boxed: impl Fn(TypeId, &Field) -> bool,
    ) -> Derives {
        let all = Derives { copy: true, eq: true };
        fields.into_iter().fold(all, |derives, field| {
            let field = self.field_derives(pool, message, field, &is_boxed);
            Derives { copy: derives.copy && field.copy, eq: derives.eq && field.eq }
        })
    }

    fn derive(&self, pool: &Pool<'_>, id: TypeId, is_boxed: &impl Fn(TypeId, &Field) -> bool) -> Derives {
        let fields = pool.get(id).message().map(|message| message.field.as_slice()).unwrap_or_default();
        self.derives_of(pool, id, fields, is_boxed)
    }

    fn field_derives(
        &self,
        pool: &Pool<'_>,
        message: TypeId,
        field: &Field,
        is_boxed: impl Fn(TypeId, &Field) -> bool,
    ) -> Derives {
        let repeated = field.is_repeated();
        match FieldType::try_from(field.r#type) {
            Ok(FieldType::Message) => match contained(pool, field) {
                Some(inner) if !self.is_recursive(message, field, inner) => {
                    let derives = self.derives[inner.0];
                    Derives { copy: derives.copy && !is_boxed(message, field), ..derives }
                }
                _ => Derives { copy: false, eq: false },
            },
            Ok(FieldType::Group) | Err(_) => Derives { copy: false, eq: false },
            Ok(FieldType::String | FieldType::Bytes) => Derives { copy: false, eq: true },
            Ok(FieldType::Float | FieldType::Double) => Derives { copy: !repeated, eq: false },
            Ok(_) => Derives { copy: !repeated, eq: true },
        }
    }
}

/// The message that lies within the message that has the field.
fn contained(pool: &Pool<'_>, field: &Field) -> Option<TypeId> {
    let is_message = matches!(FieldType::try_from(field.r#type), Ok(FieldType::Message | FieldType::Group));
    let id = (is_message && !field.is_repeated()).then(|| pool.find(&field.type_name))??;
    pool.get(id).message().map(|_| id)
}

fn is_required(entry: &TypeEntry<'_>, field: &Field) -> bool {
    let is_message = matches!(FieldType::try_from(field.r#type), Ok(FieldType::Message | FieldType::Group));
    is_message && entry.features.of_field(field).presence == Presence::Required
}

/// By type, the types that lie within it by some of its fields.
fn containment(pool: &Pool<'_>, counts: impl Fn(&TypeEntry<'_>, &Field) -> bool) -> Vec<Vec<usize>> {
    let within = |entry: &TypeEntry<'_>| {
        let fields = entry.message().map(|message| message.field.as_slice()).unwrap_or_default();
        fields
            .iter()
            .filter(|field| counts(entry, field))
            .filter_map(|field| contained(pool, field))
            .map(|id| id.0)
            .collect()
    };
    pool.types.iter().map(within).collect()
}

/// The number of its component, by type.
fn numbers(components: &[Vec<usize>]) -> Vec<usize> {
    let mut numbers = vec![0; components.iter().map(Vec::len).sum()];
    for (number, component) in components.iter().enumerate() {
        for &member in component {
            numbers[member] = number;
        }
    }
    numbers
}

/// The strongly connected components of a graph, each before those with edges to it (Tarjan's algorithm, with a stack
/// of its own so that no proto can exhaust the thread's).
fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut index = vec![UNSEEN; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut on_stack = vec![false; edges.len()];
    let (mut stack, mut components, mut count) = (Vec::new(), Vec::new(), 0);
    for root in 0..edges.len() {
        if index[root] != UNSEEN {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some(&(node, edge)) = path.last() {
            if index[node] == UNSEEN {
                index[node] = count;
                low[node] = count;
                count += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&next) = edges[node].get(edge) {
                if let Some(top) = path.last_mut() {
                    top.1 += 1;
                }
                if index[next] == UNSEEN {
                    path.push((next, 0));
                } else if on_stack[next] {
                    low[node] = low[node].min(index[next]);
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                low[parent] = low[parent].min(low[node]);
            }
            if low[node] == index[node] {
                let start = stack.iter().rposition(|&member| member == node).unwrap_or_default();
                let component = stack.split_off(start);
                component.iter().for_each(|&member| on_stack[member] = false);
                components.push(component);
            }
        }
    }
    components
}
