//! Parquet files that a test writes, column by column.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{
    ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// The values of a column.
pub(crate) enum Column<'v> {
    Texts(&'v [String]),
    Whole(&'v [i64]),
    Fractional(&'v [f64]),
    /// Hundredths, in four bytes.
    Decimal(&'v [i32]),
    /// Half precision.
    Half(&'v [f32]),
}

impl Column<'_> {
    fn declared(&self, name: &str) -> String {
        match self {
            Self::Texts(_) => format!("REQUIRED BYTE_ARRAY {name} (UTF8);"),
            Self::Whole(_) => format!("REQUIRED INT64 {name};"),
            Self::Fractional(_) => format!("REQUIRED DOUBLE {name};"),
            Self::Decimal(_) => format!("REQUIRED INT32 {name} (DECIMAL(5, 2));"),
            Self::Half(_) => format!("REQUIRED FIXED_LEN_BYTE_ARRAY (2) {name} (FLOAT16);"),
        }
    }
}

/// Writes a file with an entry of metadata.
pub(crate) fn write_parquet(
    path: &Path,
    columns: &[(&str, Column<'_>)],
    metadata: Option<(&str, &str)>,
) {
    write_compressed(path, columns, metadata, Compression::SNAPPY);
}

/// Writes a file that is compressed so.
pub(crate) fn write_compressed(
    path: &Path,
    columns: &[(&str, Column<'_>)],
    metadata: Option<(&str, &str)>,
    compression: Compression,
) {
    let fields = columns.iter().map(|(name, column)| column.declared(name));
    let schema = format!("message schema {{ {} }}", fields.collect::<String>());
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let entry = |(key, value): (&str, &str)| KeyValue::new(key.to_owned(), value.to_owned());
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_key_value_metadata(metadata.map(|pair| vec![entry(pair)]))
        .build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for (_, column) in columns {
        let mut writer = group.next_column().unwrap().unwrap();
        match column {
            Column::Texts(values) => {
                let values: Vec<ByteArray> = values
                    .iter()
                    .map(|text| ByteArray::from(text.as_str()))
                    .collect();
                let writer = writer.typed::<ByteArrayType>();
                writer.write_batch(&values, None, None).unwrap();
            }
            Column::Whole(values) => {
                let writer = writer.typed::<Int64Type>();
                writer.write_batch(values, None, None).unwrap();
            }
            Column::Fractional(values) => {
                let writer = writer.typed::<DoubleType>();
                writer.write_batch(values, None, None).unwrap();
            }
            Column::Decimal(values) => {
                let writer = writer.typed::<Int32Type>();
                writer.write_batch(values, None, None).unwrap();
            }
            Column::Half(values) => {
                let half = |value: &f32| {
                    let bytes = half::f16::from_f32(*value).to_le_bytes().to_vec();
                    FixedLenByteArray::from(bytes)
                };
                let values: Vec<FixedLenByteArray> = values.iter().map(half).collect();
                let writer = writer.typed::<FixedLenByteArrayType>();
                writer.write_batch(&values, None, None).unwrap();
            }
        }
        writer.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}
