//! Values of options, as JSON has them. Each error says what it must be, for the name of its option to stand in front.

use serde_json::Value;

pub(super) fn maybe<T>(
    value: &Value,
    read: impl FnOnce(&Value) -> Result<T, String>,
) -> Result<Option<T>, String> {
    if value.is_null() { Ok(None) } else { read(value).map(Some) }
}

pub(super) fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "must be text".into())
}

pub(super) fn flag(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "must be true or false".into())
}

pub(super) fn whole(value: &Value) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| "must be a whole number".into())
}

pub(super) fn above_0(value: &Value) -> Result<u64, String> {
    whole(value).and_then(|count| if count > 0 { Ok(count) } else { Err("must be above 0".into()) })
}

pub(super) fn share(value: &Value) -> Result<f64, String> {
    value.as_f64().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "must be between 0 and 1".into())
}

pub(super) fn per_second(value: &Value) -> Result<f64, String> {
    value.as_f64().filter(|rate| *rate > 0.0 && rate.is_finite()).ok_or_else(|| "must be above 0".into())
}

/// The longest delay: a year, so that adding it to a time never leaves the clock.
const MAX_DELAY_MS: f64 = 365.0 * 86_400_000.0;

pub(super) fn delay_us(value: &Value) -> Result<u64, String> {
    let ms = value.as_f64().filter(|ms| (0.0..=MAX_DELAY_MS).contains(ms));
    ms.map(|ms| (ms * 1_000.0).round() as u64).ok_or_else(|| "must be between 0 and a year".into())
}

/// The fields of an object, those that are `null` left out. The error names one that is not known.
pub(super) fn fields<'a>(
    value: &'a Value,
    known: &[&str],
) -> Result<impl Fn(&str) -> Option<&'a Value> + use<'a>, String> {
    let fields = value.as_object().ok_or("must be an object")?;
    if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("has no field {name:?}"));
    }
    Ok(|name: &str| fields.get(name).filter(|value| !value.is_null()))
}

/// What fits 32 bits.
pub(super) fn narrow(count: u64) -> Result<u32, String> {
    u32::try_from(count).map_err(|_| "is too large".into())
}
