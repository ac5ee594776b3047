//! The digest by which a receipt shows that nobody has edited it. It is no signature: who knows how
//! can make another one, and then the verdict has to follow from the edited numbers.

use schemas::canonical;
use schemas::receipt::Receipt;
use sha2::{Digest, Sha256};

use crate::model_file::hex;

/// The digest of all that a receipt says, but for the environment and the digest itself.
pub fn digest(receipt: &Receipt) -> String {
    let said = Receipt {
        digest: String::new(),
        environment: None,
        ..receipt.clone()
    };
    let text = canonical::to_string(&said).expect("numbers are finite, and keys are texts");
    sha256(text.as_bytes())
}

/// `sha256:` and the digest of some bytes, as objects have it.
pub fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// The digest of tokens, each as four bytes, the lowest first.
pub fn of_tokens(tokens: &[u32]) -> String {
    let bytes: Vec<u8> = tokens
        .iter()
        .flat_map(|token| token.to_le_bytes())
        .collect();
    sha256(&bytes)
}

/// Seals a receipt that is complete.
pub fn seal(receipt: &mut Receipt) {
    receipt.digest = digest(receipt);
}
