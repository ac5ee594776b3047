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

/// The digest that stands in a receipt's text, where it is that of all else that stands there, byte for
/// byte: then it need not be written again to know that nobody has edited it. `None`: it may be sealed all
/// the same, written in another way or with an environment.
pub fn of_text(text: &str) -> Option<&str> {
    // In canonical form no other field is indented so, and no text has a line end in it.
    const DIGEST: &str = "\n  \"digest\": \"";
    const END: &str = "\",\n";
    let (before, rest) = text.split_once(DIGEST)?;
    let (digest, after) = rest.split_once(END)?;
    let said = [before, DIGEST, END, after];
    let found = said.iter().fold(Sha256::new(), Digest::chain_update);
    (digest == format!("sha256:{}", hex(&found.finalize()))).then_some(digest)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::testing::{Sweep, Told};

    fn text(receipt: &Receipt) -> String {
        canonical::to_string(receipt).expect("JSON")
    }

    #[test]
    fn a_receipt_and_its_text_have_one_digest() {
        let sweep = Sweep::of(&[Told::Same, Told::OtherTokens, Told::Floors(0.5)]);
        for mut receipt in sweep.receipts {
            assert_eq!(of_text(&text(&receipt)), None, "with an environment");
            receipt.environment = None;
            let sealed = text(&receipt);
            assert_eq!(of_text(&sealed), Some(digest(&receipt).as_str()));
            assert_eq!(of_text(&sealed.replacen("raw", "row", 1)), None);
            assert_eq!(of_text(&sealed.replacen("  ", "", 1)), None);
            receipt.digest = "\",\n  \"digest\": \"".to_owned();
            assert_eq!(of_text(&text(&receipt)), None);
        }
    }
}
