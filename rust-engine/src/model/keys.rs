//! Metadata of one architecture: keys that begin with its name, as numbers that make sense.

use gguf::{Array, Metadata, Value};

use super::{ModelError, required};

/// Metadata read by the names that follow the architecture's.
pub(super) struct Keys<'a> {
    pub(super) metadata: &'a Metadata,
    pub(super) architecture: &'a str,
}

impl Keys<'_> {
    /// The whole key.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    /// A size or a count: one number for all layers, and not 0.
    pub(super) fn size(&self, name: &str) -> Result<Option<usize>, ModelError> {
        let key = self.key(name);
        if let Some(Value::Array(_)) = self.metadata.get(&key) {
            return Err(ModelError::unsupported(format!(
                "metadata {key:?} has a value for each layer: only layers of one shape are known"
            )));
        }
        let size = self.whole(name)?;
        if size == Some(0) {
            return Err(ModelError::unsupported(format!("metadata {key:?} is 0")));
        }
        Ok(size)
    }

    /// A number that may be 0.
    pub(super) fn whole(&self, name: &str) -> Result<Option<usize>, ModelError> {
        Ok(self
            .metadata
            .u32(&self.key(name))?
            .map(|number| number as usize))
    }

    pub(super) fn needed_size(&self, name: &str) -> Result<usize, ModelError> {
        Ok(required(self.size(name)?, &self.key(name))?)
    }

    pub(super) fn float(&self, name: &str) -> Result<Option<f32>, ModelError> {
        let key = self.key(name);
        let value = self.metadata.f32(&key)?;
        match value {
            Some(number) if !number.is_finite() => Err(ModelError::unsupported(format!(
                "metadata {key:?} is {number}"
            ))),
            value => Ok(value),
        }
    }

    pub(super) fn needed_float(&self, name: &str) -> Result<f32, ModelError> {
        Ok(required(self.float(name)?, &self.key(name))?)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ModelError> {
        Ok(self.metadata.str(&self.key(name))?)
    }

    /// One flag for each layer, if the key has a list.
    pub(super) fn flags(
        &self,
        name: &str,
        n_layers: usize,
    ) -> Result<Option<Vec<bool>>, ModelError> {
        let key = self.key(name);
        let flags: Vec<bool> = match self.metadata.get(&key) {
            Some(Value::Array(Array::Bool(flags))) => flags.clone(),
            Some(Value::Array(Array::U32(flags))) => flags.iter().map(|&flag| flag != 0).collect(),
            Some(Value::Array(Array::I32(flags))) => flags.iter().map(|&flag| flag != 0).collect(),
            Some(Value::Array(other)) => {
                return Err(ModelError::unsupported(format!(
                    "metadata {key:?} is a list of {}, expected one of bool",
                    other.type_name()
                )));
            }
            _ => return Ok(None),
        };
        if flags.len() != n_layers {
            return Err(ModelError::unsupported(format!(
                "metadata {key:?} has {} entries, the model {n_layers} layers",
                flags.len()
            )));
        }
        Ok(Some(flags))
    }

    /// What llama.cpp would honour for these architectures, and the forward pass does not know:
    /// to leave it out is to compute something else.
    pub(super) fn refuse_what_is_not_computed(&self) -> Result<(), ModelError> {
        for (name, what) in [
            ("expert_count", "a mixture of experts"),
            ("nextn_predict_layers", "layers that predict further tokens"),
        ] {
            let key = self.key(name);
            if let Some(count) = self.metadata.u32(&key)?.filter(|&count| count > 0) {
                return Err(ModelError::unsupported(format!(
                    "metadata {key:?} is {count}, which means {what}: that is not known"
                )));
            }
        }
        if let Some(parts) = self.metadata.u32("split.count")?.filter(|&parts| parts > 1) {
            return Err(ModelError::unsupported(format!(
                "the file is one of {parts} parts of a model: only whole files are known"
            )));
        }
        let key = self.key("attention.causal");
        if self.metadata.bool(&key)? == Some(false) {
            return Err(ModelError::unsupported(format!(
                "metadata {key:?} is false: every position would see those after it"
            )));
        }
        Ok(())
    }
}
