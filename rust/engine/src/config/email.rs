//! What is configured of an e-mail's content.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The e-mail of a scenario in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailContent {
    /// Template of the subject.
    pub subject: String,
    /// Template of the plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Template of the HTML; values are escaped in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What is sent along, the same for everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentContent>,
}

/// A file that is sent along.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachmentContent {
    /// What it is called where it arrives.
    pub name: String,
    /// Its media type, such as `application/pdf`.
    pub content_type: String,
    /// The name under which the HTML shows it (`cid:`), where it is an inline image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
    /// Its octets; Base64 in JSON.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub data: Vec<u8>,
}

impl fmt::Debug for AttachmentContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachmentContent")
            .field("name", &self.name)
            .field("content_type", &self.content_type)
            .field("content_id", &self.content_id)
            .field("octets", &self.data.len())
            .finish()
    }
}

/// How people who do not want such messages any more say so (RFC 2369, RFC 8058); for news and info.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsubscribeConfig {
    /// Template of an `https` address that takes a POST (one click).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Template of an address to write to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailto: Option<String>,
}

fn to_base64<S: Serializer>(octets: &[u8], output: S) -> Result<S::Ok, S::Error> {
    output.serialize_str(&BASE64_STANDARD.encode(octets))
}

fn from_base64<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(input)?;
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| de::Error::custom(format!("an attachment is no Base64: {error}")))
}
