//! Hyperparameters: everything is in the metadata of three tags, whose tensors are empty.

use everstep_event::{Dataset, Domain, Experiment, Hparam, HparamValue, Metric, Trial, TrialStatus, What};
use everstep_proto::{
    Message,
    hparams::{
        self, DatasetType, HParamDomain, HParamInfo, HParamType, HParamsData, HParamsPluginData, HparamsEntry,
        Interval, Kind, ListValue, MetricInfo, MetricName, SessionEndInfo, SessionStartInfo, Status,
    },
    summary::{DataClass, Value},
    types::DataType,
};

pub(crate) const PLUGIN: &str = "hparams";

pub(crate) fn experiment(experiment: &Experiment, seconds: f64) -> Value {
    let proto = hparams::Experiment {
        description: experiment.description.clone(),
        user: experiment.user.clone(),
        time_created_secs: seconds,
        hparam_infos: experiment.hparams.iter().map(hparam).collect(),
        metric_infos: experiment.metrics.iter().map(metric).collect(),
        name: experiment.name.clone(),
    };
    value("_hparams_/experiment", HParamsData::Experiment(proto))
}

pub(crate) fn trial(trial: &Trial, seconds: f64) -> Value {
    let entry = |(key, value): &(String, HparamValue)| HparamsEntry { key: key.clone(), value: Some(json(value)) };
    let proto = SessionStartInfo {
        hparams: trial.hparams.iter().map(entry).collect(),
        model_uri: trial.model_uri.clone(),
        monitor_url: trial.monitor_url.clone(),
        group_name: trial.group.clone(),
        start_time_secs: seconds,
    };
    value("_hparams_/session_start_info", HParamsData::SessionStartInfo(proto))
}

pub(crate) fn end(status: TrialStatus, seconds: f64) -> Value {
    let status = match status {
        TrialStatus::Unknown => Status::Unknown,
        TrialStatus::Success => Status::Success,
        TrialStatus::Failure => Status::Failure,
        TrialStatus::Running => Status::Running,
    };
    let proto = SessionEndInfo { status: status as i32, end_time_secs: seconds };
    value("_hparams_/session_end_info", HParamsData::SessionEndInfo(proto))
}

fn value(tag: &str, data: HParamsData) -> Value {
    let content = HParamsPluginData { version: 0, data: Some(data) }.encode_to_vec();
    let nothing = super::numbers(DataType::Float, [0], Vec::new());
    super::value(tag, PLUGIN, content, DataClass::Tensor, nothing)
}

fn hparam(hparam: &Hparam) -> HParamInfo {
    let (kind, domain) = domain(&hparam.domain);
    HParamInfo {
        name: hparam.name.clone(),
        display_name: hparam.display_name.clone(),
        description: hparam.description.clone(),
        r#type: kind as i32,
        domain,
    }
}

fn domain(domain: &Domain) -> (HParamType, Option<HParamDomain>) {
    match domain {
        Domain::Number => (HParamType::Float64, None),
        Domain::Text => (HParamType::String, None),
        Domain::Bool => (HParamType::Bool, None),
        Domain::Interval { min, max } => {
            (HParamType::Float64, Some(HParamDomain::Interval(Interval { min_value: *min, max_value: *max })))
        }
        Domain::OneOf(values) => {
            let list = ListValue { values: values.iter().map(json).collect() };
            (values.first().map_or(HParamType::Unset, kind), Some(HParamDomain::Discrete(list)))
        }
        _ => (HParamType::Unset, None),
    }
}

fn kind(value: &HparamValue) -> HParamType {
    match value {
        HparamValue::Number(_) => HParamType::Float64,
        HparamValue::Text(_) => HParamType::String,
        HparamValue::Bool(_) => HParamType::Bool,
    }
}

fn json(value: &HparamValue) -> hparams::Value {
    let kind = match value {
        HparamValue::Number(value) => Kind::NumberValue(*value),
        HparamValue::Text(value) => Kind::StringValue(value.clone()),
        HparamValue::Bool(value) => Kind::BoolValue(*value),
    };
    hparams::Value { kind: Some(kind) }
}

fn metric(metric: &Metric) -> MetricInfo {
    let dataset = match metric.dataset {
        Dataset::Unknown => DatasetType::Unknown,
        Dataset::Training => DatasetType::Training,
        Dataset::Validation => DatasetType::Validation,
    };
    MetricInfo {
        name: Some(MetricName { group: metric.group.clone(), tag: metric.tag.clone() }),
        display_name: metric.display_name.clone(),
        description: metric.description.clone(),
        dataset_type: dataset as i32,
    }
}

/// What the metadata of a tag says.
pub(crate) fn read(content: &[u8]) -> Option<What> {
    Some(match HParamsPluginData::decode(content).ok()?.data? {
        HParamsData::Experiment(proto) => What::Experiment(read_experiment(proto).into()),
        HParamsData::SessionStartInfo(proto) => What::TrialStart(read_trial(proto).into()),
        HParamsData::SessionEndInfo(proto) => What::TrialEnd(match proto.status() {
            Status::Unknown => TrialStatus::Unknown,
            Status::Success => TrialStatus::Success,
            Status::Failure => TrialStatus::Failure,
            Status::Running => TrialStatus::Running,
        }),
    })
}

fn read_experiment(proto: hparams::Experiment) -> Experiment {
    Experiment {
        name: proto.name,
        description: proto.description,
        user: proto.user,
        hparams: proto.hparam_infos.into_iter().map(read_hparam).collect(),
        metrics: proto.metric_infos.into_iter().map(read_metric).collect(),
    }
}

fn read_trial(proto: SessionStartInfo) -> Trial {
    let entry = |HparamsEntry { key, value }| Some((key, read_json(value?)?));
    Trial {
        hparams: proto.hparams.into_iter().filter_map(entry).collect(),
        group: proto.group_name,
        model_uri: proto.model_uri,
        monitor_url: proto.monitor_url,
    }
}

fn read_hparam(proto: HParamInfo) -> Hparam {
    let domain = match (proto.r#type(), &proto.domain) {
        (_, Some(HParamDomain::Interval(Interval { min_value, max_value }))) => {
            Domain::Interval { min: *min_value, max: *max_value }
        }
        (_, Some(HParamDomain::Discrete(list))) => {
            Domain::OneOf(list.values.iter().cloned().filter_map(read_json).collect())
        }
        (HParamType::Float64, None) => Domain::Number,
        (HParamType::String, None) => Domain::Text,
        (HParamType::Bool, None) => Domain::Bool,
        (HParamType::Unset, None) => Domain::Unknown,
    };
    Hparam { name: proto.name, display_name: proto.display_name, description: proto.description, domain }
}

fn read_json(value: hparams::Value) -> Option<HparamValue> {
    Some(match value.kind? {
        Kind::NumberValue(value) => HparamValue::Number(value),
        Kind::StringValue(value) => HparamValue::Text(value),
        Kind::BoolValue(value) => HparamValue::Bool(value),
    })
}

fn read_metric(proto: MetricInfo) -> Metric {
    let dataset = match proto.dataset_type() {
        DatasetType::Unknown => Dataset::Unknown,
        DatasetType::Training => Dataset::Training,
        DatasetType::Validation => Dataset::Validation,
    };
    let MetricName { group, tag } = proto.name.unwrap_or_default();
    Metric { tag, group, display_name: proto.display_name, description: proto.description, dataset }
}
