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
    format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())))
}

/// Seals a receipt that is complete.
pub fn seal(receipt: &mut Receipt) {
    receipt.digest = digest(receipt);
}
