//! What generated messages and enums are, as facts that can be compared: without formatting, comments and the order of
//! items, and with every path written from the crate's root.

use std::collections::BTreeMap;

use generator_tests::Outcome;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, GenericArgument, ImplItem, ImplItemFn, Item, ItemEnum, ItemImpl, ItemStruct, Lit, Meta, Pat, Path,
    PathArguments, Stmt, Token, Type,
};

/// What there is, to how it is.
pub(crate) type Facts = BTreeMap<String, String>;

/// Collects the facts of one generator's files.
pub(crate) struct Reader<'a> {
    /// By name, for those that others include.
    pub(crate) files: &'a BTreeMap<String, String>,
    pub(crate) facts: Facts,
}

impl Reader<'_> {
    /// Adds what a text declares in a module.
    pub(crate) fn text(&mut self, module: &[String], text: &str) -> Outcome {
        self.items(module, &syn::parse_file(text)?.items)
    }

    /// Services and JSON are left out: what counts are prost's types and what is implemented for them.
    fn items(&mut self, module: &[String], items: &[Item]) -> Outcome {
        for item in items {
            match item {
                Item::Mod(inner) => self.module(module, inner)?,
                Item::Macro(call) if call.mac.path.is_ident("include") => {
                    let name: syn::LitStr = call.mac.parse_body()?;
                    let text = self.files.get(&name.value()).ok_or("an included file is missing")?;
                    self.text(module, text)?;
                }
                Item::Struct(message) if is_prosts(&message.attrs) => self.message(module, message)?,
                Item::Enum(definition) if is_prosts(&definition.attrs) => self.enumeration(module, definition)?,
                _ => {}
            }
        }
        for item in items {
            if let Item::Impl(block) = item {
                self.implementation(module, block)?;
            }
        }
        Ok(())
    }

    fn module(&mut self, outer: &[String], module: &syn::ItemMod) -> Outcome {
        let Some((_, items)) = &module.content else { return Ok(()) };
        let path = [outer, &[module.ident.to_string()]].concat();
        self.items(&path, items)?;
        // A module of a package that has only services is no module of messages.
        let (key, prefix) = (path.join("::"), format!("{}::", path.join("::")));
        if self.facts.keys().any(|key| key.starts_with(&prefix)) {
            self.facts.insert(key, format!("{} mod", tokens(&module.vis)));
        }
        Ok(())
    }

    fn message(&mut self, module: &[String], message: &ItemStruct) -> Outcome {
        let key = key(module, &message.ident);
        self.add(key.clone(), format!("{} struct {}", tokens(&message.vis), tokens(&message.generics)))?;
        self.attributes(module, &key, &message.attrs)?;
        let mut names = Vec::new();
        for field in &message.fields {
            let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
            let key = format!("{key}.{name}");
            self.add(key.clone(), format!("{} {}", tokens(&field.vis), rust_type(module, &field.ty)))?;
            self.attributes(module, &key, &field.attrs)?;
            names.push(name);
        }
        self.add(format!("{key} fields"), names.join(" "))
    }

    fn enumeration(&mut self, module: &[String], definition: &ItemEnum) -> Outcome {
        let key = key(module, &definition.ident);
        self.add(key.clone(), format!("{} enum {}", tokens(&definition.vis), tokens(&definition.generics)))?;
        self.attributes(module, &key, &definition.attrs)?;
        let mut names = Vec::new();
        for variant in &definition.variants {
            let key = format!("{key}::{}", variant.ident);
            let types: Vec<_> = variant.fields.iter().map(|field| rust_type(module, &field.ty)).collect();
            let value = variant.discriminant.as_ref().map(|(_, value)| tokens(value));
            self.add(key.clone(), format!("({}) = {}", types.join(", "), value.unwrap_or_default()))?;
            self.attributes(module, &key, &variant.attrs)?;
            names.push(variant.ident.to_string());
        }
        self.add(format!("{key} variants"), names.join(" "))
    }

    fn implementation(&mut self, module: &[String], block: &ItemImpl) -> Outcome {
        let Type::Path(ty) = &*block.self_ty else { return Ok(()) };
        let Some(key) = ty.path.get_ident().map(|ident| key(module, ident)) else { return Ok(()) };
        if !self.facts.contains_key(&key) {
            return Ok(());
        }
        if let Some((_, path, _)) = &block.trait_ {
            let path = compact(path);
            if !path.starts_with("::rsgrpc::prost::") {
                return Ok(());
            }
            self.add(format!("{key} is"), path)?;
        }
        for item in &block.items {
            match item {
                ImplItem::Const(constant) => self.add(format!("{key}::{}", constant.ident), gist(&constant.expr))?,
                ImplItem::Fn(function) => self.function(&key, function)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn function(&mut self, key: &str, function: &ImplItemFn) -> Outcome {
        let key = format!("{key}::{}", function.sig.ident);
        self.add(key.clone(), format!("{} {}", tokens(&function.vis), tokens(&function.sig)))?;
        match function.block.stmts.last() {
            Some(Stmt::Expr(Expr::Match(table), _)) => {
                for arm in &table.arms {
                    self.add(format!("{key}({})", gist_of_pattern(&arm.pat)), gist(&arm.body))?;
                }
                Ok(())
            }
            Some(Stmt::Expr(result, _)) => self.add(format!("{key}()"), gist(result)),
            _ => Err("a function gives no result".into()),
        }
    }

    fn attributes(&mut self, module: &[String], key: &str, attributes: &[Attribute]) -> Outcome {
        let mut all = BTreeMap::<String, Vec<String>>::new();
        for attribute in attributes {
            match &attribute.meta {
                Meta::NameValue(meta) if meta.path.is_ident("doc") => {}
                Meta::List(list) if list.path.is_ident("derive") || list.path.is_ident("prost") => {
                    let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
                    let metas = metas.iter().map(|meta| argument(module, meta)).collect::<Outcome<Vec<_>>>()?;
                    all.entry(tokens(&list.path)).or_default().extend(metas);
                }
                meta => all.entry("attributes".to_owned()).or_default().push(compact(meta)),
            }
        }
        for (kind, mut values) in all {
            values.sort();
            self.add(format!("{key} {kind}"), values.join(", "))?;
        }
        Ok(())
    }

    /// Code with two of the same name does not compile.
    fn add(&mut self, key: String, value: String) -> Outcome {
        match self.facts.insert(key.clone(), value) {
            Some(_) => Err(format!("`{key}` is declared twice").into()),
            None => Ok(()),
        }
    }
}

fn is_prosts(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("prost"))
}

fn key(module: &[String], ident: &syn::Ident) -> String {
    module.iter().cloned().chain([ident.to_string()]).collect::<Vec<_>>().join("::")
}

/// What one argument of `derive` or `prost` says.
fn argument(module: &[String], meta: &Meta) -> Outcome<String> {
    let Meta::NameValue(pair) = meta else { return Ok(compact(meta)) };
    let name = tokens(&pair.path);
    let value = gist(&pair.value);
    let path = |text: &str| -> Outcome<String> { Ok(rust_type(module, &syn::parse_str(text)?)) };
    let value = match name.as_str() {
        "enumeration" | "oneof" => path(&value)?,
        "map" | "btree_map" => match value.split_once("enumeration(") {
            Some((key, value)) => format!("{key}enumeration({})", path(value.trim_end_matches(')'))?),
            None => value,
        },
        _ => value,
    };
    Ok(format!("{name} = {value}"))
}

fn rust_type(module: &[String], ty: &Type) -> String {
    match ty {
        Type::Path(ty) if ty.qself.is_none() => rust_path(module, &ty.path),
        _ => compact(ty),
    }
}

fn rust_path(module: &[String], path: &Path) -> String {
    let segments = path.segments.iter().map(|segment| match &segment.arguments {
        PathArguments::AngleBracketed(list) => {
            let arguments = list.args.iter().map(|argument| match argument {
                GenericArgument::Type(ty) => rust_type(module, ty),
                _ => compact(argument),
            });
            format!("{}<{}>", segment.ident, arguments.collect::<Vec<_>>().join(", "))
        }
        _ => segment.ident.to_string(),
    });
    let segments: Vec<_> = segments.collect();
    if path.leading_colon.is_some() {
        return format!("::{}", segments.join("::"));
    }
    let is_primitive = segments.len() == 1 && segments[0].starts_with(char::is_lowercase);
    if is_primitive || segments[0] == "crate" {
        return segments.join("::");
    }
    let up = segments.iter().take_while(|segment| *segment == "super").count();
    let down = segments.iter().skip_while(|segment| matches!(segment.as_str(), "super" | "self"));
    let base = &module[..module.len().saturating_sub(up)];
    ["crate"]
        .into_iter()
        .chain(base.iter().map(String::as_str))
        .chain(down.map(String::as_str))
        .collect::<Vec<_>>()
        .join("::")
}

/// The string or the name that an expression comes down to.
fn gist(expression: &Expr) -> String {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => text.value(),
            other => tokens(other),
        },
        Expr::Path(path) => path.path.segments.last().map(tokens).unwrap_or_default(),
        Expr::Call(call) => call.args.first().map(gist).unwrap_or_default(),
        Expr::MethodCall(call) => gist(&call.receiver),
        other => tokens(other),
    }
}

fn gist_of_pattern(pattern: &Pat) -> String {
    match pattern {
        Pat::Lit(literal) => gist(&Expr::Lit(literal.clone())),
        Pat::Path(path) => gist(&Expr::Path(path.clone())),
        other => tokens(other),
    }
}

fn tokens(syntax: &impl ToTokens) -> String {
    syntax.to_token_stream().to_string()
}

/// Both generators' tokens, without the spaces that only one of them writes.
fn compact(syntax: &impl ToTokens) -> String {
    tokens(syntax).replace(' ', "")
}
