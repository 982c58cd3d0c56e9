//! JSON schemas of frames, from the same derive that the REST API uses.

use std::collections::BTreeMap;

use confab_contract::timeline::{TimelineEvent, TimelineFrame};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// Schemas that frames refer to, by name.
#[derive(Debug, Default)]
pub struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// The schema of each frame of an enum that is told apart by `type`, by that type.
    pub fn frames_of<T: ToSchema>(&mut self) -> Map<String, Value> {
        self.collect::<T>();
        variants(&to_value(&T::schema()))
    }

    /// The frames of a timeline: what they all have, and the event.
    pub fn timeline_frames(&mut self) -> Map<String, Value> {
        self.collect::<TimelineFrame>();
        let events = self.frames_of::<TimelineEvent>();
        let frame = to_value(&<TimelineFrame as utoipa::PartialSchema>::schema());
        let parts = frame["allOf"].as_array().cloned().unwrap_or_default();
        let base = parts.into_iter().find(|part| part["properties"]["seq"].is_object()).unwrap_or_default();
        let frame = |(name, mut event): (String, Value)| {
            let description = event.as_object_mut().and_then(|event| event.remove("description"));
            (name, json!({ "description": description, "allOf": [base, event] }))
        };
        events.into_iter().map(frame).collect()
    }

    /// For `components.schemas`.
    pub fn into_components(self) -> Map<String, Value> {
        self.0.into_iter().collect()
    }

    fn collect<T: ToSchema>(&mut self) {
        let mut found: Vec<(String, RefOr<Schema>)> = Vec::new();
        T::schemas(&mut found);
        self.0.extend(found.iter().map(|(name, schema)| (name.clone(), to_value(schema))));
    }
}

fn to_value(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).expect("a schema is plain data")
}

fn variants(schema: &Value) -> Map<String, Value> {
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    variants.filter_map(|variant| Some((frame_type(variant)?, variant.clone()))).collect()
}

/// The value of `type`, in the variant itself or in the part that adds it to another schema.
fn frame_type(variant: &Value) -> Option<String> {
    let parts = variant["allOf"].as_array().into_iter().flatten();
    parts
        .chain(std::iter::once(variant))
        .find_map(|part| part["properties"]["type"]["enum"][0].as_str())
        .map(str::to_owned)
}
