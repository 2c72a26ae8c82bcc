//! A finished plan.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::waiting::apart;

/// People, excluded, parts, encoding, duration, octets in all and of the largest: the fields of
/// `bealert_engine.plan.ChannelPlan`.
type ChannelRow = (u64, u64, u64, String, Option<f64>, u64, u64);

/// Recipient, language, text, parts and subject: the fields of `bealert_engine.plan.Example`.
type ExampleRow<'a> = (&'a str, &'a str, &'a str, u8, Option<&'a str>);

/// What a scenario would do to an audience.
#[pyclass(frozen, module = "bealert_engine._engine")]
pub(crate) struct Plan {
    pub(crate) plan: Arc<bealert_engine::plan::Plan>,
}

#[pymethods]
impl Plan {
    #[getter]
    fn scenario(&self) -> &str {
        &self.plan.scenario
    }

    #[getter]
    fn kind(&self) -> &'static str {
        self.plan.kind.name()
    }

    #[getter]
    fn people(&self) -> u32 {
        self.plan.people
    }

    #[getter]
    fn hash(&self) -> &str {
        &self.plan.hash
    }

    /// Id, channel and reason of everybody who is not sent to.
    fn excluded(&self) -> Vec<(&str, &'static str, &str)> {
        let excluded = self.plan.excluded.iter();
        excluded.map(|one| (&*one.id, one.channel.name(), &*one.reason)).collect()
    }

    fn channels(&self) -> Vec<(&'static str, ChannelRow)> {
        let row = |plan: &bealert_engine::plan::ChannelPlan| {
            let encoding = plan.encoding_text();
            let (octets, largest) = (plan.octets, plan.largest_octets);
            let row = (plan.people, plan.excluded, plan.parts, encoding, plan.duration_s, octets, largest);
            (plan.channel.name(), row)
        };
        self.plan.channels.iter().map(row).collect()
    }

    /// What will not go as one would think.
    fn warnings(&self) -> Vec<&str> {
        self.plan.warnings.iter().map(String::as_str).collect()
    }

    /// The first message of each channel.
    fn examples(&self) -> Vec<(&str, ExampleRow<'_>)> {
        self.plan.examples.iter().map(|example| (&*example.channel, example_row(example))).collect()
    }

    /// The whole plan, for another process.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let plan = Arc::clone(&self.plan);
        Ok(PyBytes::new(py, &apart(py, move || plan.to_bytes())?))
    }

    /// A plan that another process made.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, octets: &[u8]) -> PyResult<Self> {
        let octets = octets.to_vec();
        let plan = apart(py, move || bealert_engine::plan::Plan::from_bytes(&octets))?;
        Ok(Self::new(plan.map_err(|error| PyValueError::new_err(error.to_string()))?))
    }
}

impl Plan {
    pub(crate) fn new(plan: bealert_engine::plan::Plan) -> Self {
        Self { plan: Arc::new(plan) }
    }
}

fn example_row(example: &bealert_engine::plan::Example) -> ExampleRow<'_> {
    (&example.recipient, &example.language, &example.text, example.parts, example.subject.as_deref())
}
