//! Queries: `?name=value&…` of a known shape.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use confab_contract::ApiError;
use garde::Validate;
use serde::de::value::{Error as ValueError, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, EnumAccess, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::error::HttpError;
use super::problem;

/// What an error names when the problem is with the query as a whole.
const WHOLE_QUERY: &str = "query";

/// The query of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Sync,
{
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        Ok(Self(parse(parts.uri.query().unwrap_or_default())?))
    }
}

/// From the text after `?` to a checked value.
pub fn parse<T: DeserializeOwned + Validate<Context = ()>>(query: &str) -> Result<T, ApiError> {
    let pairs = pairs(query)?;
    let map = MapDeserializer::<_, ValueError>::new(pairs.into_iter().map(|(name, value)| (Text(name), Text(value))));
    let value: T = serde_path_to_error::deserialize(map).map_err(|error| {
        let path = error.path().to_string();
        problem::of_data(&path, &error.into_inner().to_string(), WHOLE_QUERY)
    })?;
    value.validate().map_err(|report| problem::of_rules(&report))?;
    Ok(value)
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

fn pairs(query: &str) -> Result<Vec<Pair<'_>>, ApiError> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).ok_or_else(|| ApiError::invalid(WHOLE_QUERY, "Must be percent-encoded UTF-8"))?;
        if name.contains('\0') {
            return Err(ApiError::invalid(WHOLE_QUERY, "Must not contain the character NUL"));
        }
        let Some(value) = decode(value) else {
            return Err(ApiError::invalid(name, "Must be percent-encoded UTF-8"));
        };
        if value.contains('\0') {
            return Err(ApiError::invalid(name, "Must not contain the character NUL"));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Percent-decoding as HTML forms do it, with `+` for a blank. Strict: what is no escape or no UTF-8 is nothing.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let [high, low, tail @ ..] = rest else { return None };
                let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                bytes.push(digit(high)? * 16 + digit(low)?);
                rest = tail;
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Text that becomes whatever its field is.
struct Text<'a>(Cow<'a, str>);

impl<'de> IntoDeserializer<'de> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! from_text {
    ($($method:ident $visit:ident $expected:literal,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(ValueError::invalid_value(Unexpected::Str(&self.0), &$expected)),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    from_text! {
        deserialize_bool visit_bool "true or false",
        deserialize_u8 visit_u8 "a whole number",
        deserialize_u16 visit_u16 "a whole number",
        deserialize_u32 visit_u32 "a whole number",
        deserialize_u64 visit_u64 "a whole number",
        deserialize_i8 visit_i8 "a whole number",
        deserialize_i16 visit_i16 "a whole number",
        deserialize_i32 visit_i32 "a whole number",
        deserialize_i64 visit_i64 "a whole number",
        deserialize_f32 visit_f32 "a number",
        deserialize_f64 visit_f64 "a number",
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        char str string unit bytes byte_buf unit_struct tuple_struct struct identifier tuple ignored_any seq map
    }
}

impl<'de> EnumAccess<'de> for Text<'de> {
    type Error = ValueError;
    type Variant = UnitOnly;

    fn variant_seed<V: serde::de::DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, UnitOnly), ValueError> {
        Ok((seed.deserialize(self)?, UnitOnly))
    }
}

/// Variants with data cannot be written in a query.
struct UnitOnly;

impl<'de> serde::de::VariantAccess<'de> for UnitOnly {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        Ok(())
    }

    fn newtype_variant_seed<T: serde::de::DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, ValueError> {
        Err(ValueError::custom("Must be a plain word"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, ValueError> {
        Err(ValueError::custom("Must be a plain word"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, ValueError> {
        Err(ValueError::custom("Must be a plain word"))
    }
}
