//! Owns turning a serialized row into the cells of a table.

use std::fmt;

use serde::ser::{
    self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, Serializer,
};
use serde_json::Value;

use super::Table;
use crate::render::form::document::elements::{Failed, refused};

/// Takes one value: the row itself, or one of its fields.
pub(super) struct Row<'t> {
    pub(super) table: &'t mut Table,
}

/// A list within a row, which is one cell: JSON.
pub(super) struct List<'t> {
    table: &'t mut Table,
    elements: Vec<Value>,
}

impl List<'_> {
    fn push<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Failed> {
        self.elements.push(serde_json::to_value(element).map_err(ser::Error::custom)?);
        Ok(())
    }

    fn finish(self) {
        self.table.put(&Value::Array(self.elements).to_string());
    }
}

impl SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Failed;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Failed> {
        self.push(element)
    }

    fn end(self) -> Result<(), Failed> {
        self.finish();
        Ok(())
    }
}

impl SerializeTuple for List<'_> {
    type Ok = ();
    type Error = Failed;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Failed> {
        self.push(element)
    }

    fn end(self) -> Result<(), Failed> {
        self.finish();
        Ok(())
    }
}

/// The fields of a row, or of a value nested in it.
pub(super) struct Fields<'t> {
    table: &'t mut Table,
    key: String,
}

impl Fields<'_> {
    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Failed> {
        self.table.within(name, |table| value.serialize(Row { table }))
    }
}

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Failed;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failed> {
        self.put(name, value)
    }

    fn end(self) -> Result<(), Failed> {
        Ok(())
    }
}

impl SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = Failed;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failed> {
        match serde_json::to_value(key).map_err(<Failed as ser::Error>::custom)? {
            Value::String(key) => self.key = key,
            other => self.key = other.to_string(),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        let key = std::mem::take(&mut self.key);
        self.put(&key, value)
    }

    fn end(self) -> Result<(), Failed> {
        Ok(())
    }
}

/// Methods for values of one type.
macro_rules! take {
    ($($name:ident $kind:ty => $does:expr),* $(,)?) => {
        $(fn $name(self, value: $kind) -> Result<(), Failed> {
            ($does)(self.table, value)
        })*
    };
}

fn plain(table: &mut Table, value: impl fmt::Display) -> Result<(), Failed> {
    use std::fmt::Write as _;
    write!(table.cell(), "{value}").map_err(ser::Error::custom)
}

fn real(table: &mut Table, value: f64) -> Result<(), Failed> {
    // As in JSON; what is not a number is empty there.
    match serde_json::Number::from_f64(value) {
        Some(number) => plain(table, number),
        None => plain(table, ""),
    }
}

impl<'t> Serializer for Row<'t> {
    type Ok = ();
    type Error = Failed;
    type SerializeSeq = List<'t>;
    type SerializeTuple = List<'t>;
    type SerializeTupleStruct = Impossible<(), Failed>;
    type SerializeTupleVariant = Impossible<(), Failed>;
    type SerializeMap = Fields<'t>;
    type SerializeStruct = Fields<'t>;
    type SerializeStructVariant = Impossible<(), Failed>;

    take!(
        serialize_bool bool => plain, serialize_i8 i8 => plain, serialize_i16 i16 => plain, serialize_i32 i32 => plain,
        serialize_i64 i64 => plain, serialize_u8 u8 => plain, serialize_u16 u16 => plain, serialize_u32 u32 => plain,
        serialize_u64 u64 => plain, serialize_f64 f64 => real,
        serialize_f32 f32 => |table, value: f32| real(table, value.into()),
        serialize_bytes &[u8] => |_, _| refused("bytes"),
        serialize_unit_struct &'static str => |table, _| plain(table, ""),
    );

    fn serialize_str(self, value: &str) -> Result<(), Failed> {
        self.table.put(value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Failed> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_none(self) -> Result<(), Failed> {
        plain(self.table, "")
    }

    fn serialize_unit(self) -> Result<(), Failed> {
        plain(self.table, "")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failed> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Failed> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Failed> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Failed> {
        self.table.within(variant, |table| value.serialize(Row { table }))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'t>, Failed> {
        Ok(List { table: self.table, elements: Vec::new() })
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'t>, Failed> {
        Ok(List { table: self.table, elements: Vec::new() })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'t>, Failed> {
        Ok(Fields { table: self.table, key: String::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'t>, Failed> {
        Ok(Fields { table: self.table, key: String::new() })
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
