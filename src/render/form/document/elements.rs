//! Owns splitting a list while it is serialized, so that its elements are never in memory together.

use std::fmt;

use serde::ser::{self, Impossible, Serialize, SerializeSeq, Serializer};

/// Why something cannot be written.
#[derive(Debug)]
pub(super) struct Failed(pub(super) String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl ser::Error for Failed {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// A consumer of list elements, one by one.
pub(super) trait Take {
    fn take<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Failed>;
}

/// Passes the elements of a serialized list to their consumer.
pub(super) struct Elements<'t, T>(pub(super) &'t mut T);

impl<Taker: Take> SerializeSeq for Elements<'_, Taker> {
    type Ok = ();
    type Error = Failed;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Failed> {
        self.0.take(element)
    }

    fn end(self) -> Result<(), Failed> {
        Ok(())
    }
}

pub(super) fn refused<T>(what: &str) -> Result<T, Failed> {
    Err(Failed(format!("{what} cannot be a row of a table")))
}

/// Refuses anything but a list of rows.
macro_rules! refuse {
    ($($name:ident $kind:ty),*) => {
        $(fn $name(self, _: $kind) -> Result<(), Failed> {
            refused("what is no list")
        })*
    };
}

impl<Taker: Take> Serializer for Elements<'_, Taker> {
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
        refused("nothing")
    }

    fn serialize_unit(self) -> Result<(), Failed> {
        refused("nothing")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failed> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Failed> {
        refused("a variant")
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
        refused("a variant")
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Failed> {
        refused("a tuple")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Failed> {
        refused("a tuple")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Failed> {
        refused("a tuple")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Failed> {
        refused("a map")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Failed> {
        refused("a map")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Failed> {
        refused("a variant")
    }
}
