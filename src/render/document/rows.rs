//! Owns taking a long list apart as it is serialized: each element becomes a value by itself, and is dropped before the next is made.

use std::fmt;

use anyhow::{Error, Result, anyhow};
use serde::ser::{self, Impossible, Serialize, SerializeSeq, Serializer};
use serde_json::Value;

/// Hands on the elements of what serializes as a list.
///
/// # Errors
/// When it is no list, an element cannot be represented, and those of `each`.
pub(super) fn each_element(
    list: &dyn erased_serde::Serialize,
    each: &mut dyn FnMut(&Value) -> Result<()>,
) -> Result<()> {
    erased_serde::serialize(list, List { each }).map_err(|Failed(error)| error)
}

struct List<'a> {
    each: &'a mut dyn FnMut(&Value) -> Result<()>,
}

#[derive(Debug)]
struct Failed(Error);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Failed {}

impl ser::Error for Failed {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(anyhow!("{message}"))
    }
}

impl SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Failed;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Failed> {
        let value = serde_json::to_value(element).map_err(|error| Failed(error.into()))?;
        (self.each)(&value).map_err(Failed)
    }

    fn end(self) -> Result<(), Failed> {
        Ok(())
    }
}

/// What is no list.
fn none<T>() -> Result<T, Failed> {
    Err(ser::Error::custom("these rows are no list"))
}

macro_rules! refuse {
    ($($name:ident $kind:ty),*) => {
        $(fn $name(self, _: $kind) -> Result<(), Failed> {
            none()
        })*
    };
}

impl Serializer for List<'_> {
    type Ok = ();
    type Error = Failed;
    type SerializeSeq = Self;
    type SerializeTuple = Impossible<(), Failed>;
    type SerializeTupleStruct = Impossible<(), Failed>;
    type SerializeTupleVariant = Impossible<(), Failed>;
    type SerializeMap = Impossible<(), Failed>;
    type SerializeStruct = Impossible<(), Failed>;
    type SerializeStructVariant = Impossible<(), Failed>;

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Failed> {
        Ok(self)
    }

    refuse!(
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_u8 u8,
        serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_f32 f32, serialize_f64 f64, serialize_char char,
        serialize_str &str, serialize_bytes &[u8], serialize_unit_struct &'static str
    );

    fn serialize_none(self) -> Result<(), Failed> {
        none()
    }

    fn serialize_unit(self) -> Result<(), Failed> {
        none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failed> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Failed> {
        none()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Failed> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Failed> {
        none()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Failed> {
        none()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Failed> {
        none()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Failed> {
        none()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Failed> {
        none()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Failed> {
        none()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Failed> {
        none()
    }
}
