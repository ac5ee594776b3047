//! Builds GGUF files byte by byte, sound or not.

/// A file in the making. Counts are those of what was added unless they are set.
#[derive(Clone)]
pub(crate) struct FileBuilder {
    pub(crate) magic: Vec<u8>,
    pub(crate) version: u32,
    pub(crate) n_tensors: Option<u64>,
    pub(crate) n_entries: Option<u64>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) tensors: Vec<Vec<u8>>,
    pub(crate) data: Vec<u8>,
}

impl FileBuilder {
    pub(crate) fn new() -> Self {
        Self {
            magic: b"GGUF".to_vec(),
            version: 3,
            n_tensors: None,
            n_entries: None,
            entries: Vec::new(),
            tensors: Vec::new(),
            data: vec![0; 256],
        }
    }

    /// A sound file: one string, one number, one tensor of 2 × 4 floats.
    pub(crate) fn sound() -> Self {
        Self::new()
            .entry("general.architecture", 8, &string("llama"))
            .entry("llama.block_count", 4, &7u32.to_le_bytes())
            .tensor("weights", &[4, 2], 0, 0)
    }

    pub(crate) fn entry(mut self, key: &str, value_type: u32, value: &[u8]) -> Self {
        let mut bytes = string(key);
        bytes.extend(value_type.to_le_bytes());
        bytes.extend(value);
        self.entries.push(bytes);
        self
    }

    /// Any bytes where an entry is expected.
    pub(crate) fn raw_entry(mut self, bytes: &[u8]) -> Self {
        self.entries.push(bytes.to_vec());
        self
    }

    pub(crate) fn tensor(
        mut self,
        name: &str,
        dimensions: &[u64],
        tensor_type: u32,
        offset: u64,
    ) -> Self {
        let mut bytes = string(name);
        bytes.extend((dimensions.len() as u32).to_le_bytes());
        for dimension in dimensions {
            bytes.extend(dimension.to_le_bytes());
        }
        bytes.extend(tensor_type.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        self.tensors.push(bytes);
        self
    }

    /// Any bytes where a tensor is expected.
    pub(crate) fn raw_tensor(mut self, bytes: &[u8]) -> Self {
        self.tensors.push(bytes.to_vec());
        self
    }

    pub(crate) fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The file's bytes, the data section at a multiple of 32.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header();
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(&self.data);
        bytes
    }

    /// The bytes before the data section and its padding.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut bytes = self.magic.clone();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(
            self.n_tensors
                .unwrap_or(self.tensors.len() as u64)
                .to_le_bytes(),
        );
        bytes.extend(
            self.n_entries
                .unwrap_or(self.entries.len() as u64)
                .to_le_bytes(),
        );
        bytes.extend(self.entries.concat());
        bytes.extend(self.tensors.concat());
        bytes
    }
}

/// A string with its length.
pub(crate) fn string(text: &str) -> Vec<u8> {
    counted(text.len() as u64, text.as_bytes())
}

/// A length, which need not be right, and bytes.
pub(crate) fn counted(length: u64, bytes: &[u8]) -> Vec<u8> {
    [&length.to_le_bytes(), bytes].concat()
}

/// An array value: element type, count, which need not be right, and elements.
pub(crate) fn array(element_type: u32, count: u64, elements: &[u8]) -> Vec<u8> {
    [
        &element_type.to_le_bytes(),
        counted(count, elements).as_slice(),
    ]
    .concat()
}
