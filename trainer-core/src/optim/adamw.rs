//! AdamW (Loshchilov and Hutter 2019): decay is decoupled from the gradient and does not touch biases.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor, Var};

use super::Gradients;

/// What decides how fast the means of AdamW forget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AdamSettings {
    /// Decay of the mean of the gradient.
    pub(crate) beta1: f64,
    /// Decay of the mean of its square.
    pub(crate) beta2: f64,
    /// What is added to the root of that square.
    pub(crate) epsilon: f64,
}

impl Default for AdamSettings {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// The optimiser's state. It can be copied out and put back, so that a training can resume.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AdamW {
    settings: AdamSettings,
    step: u32,
    moments: BTreeMap<String, Moments>,
}

/// Running means of a tensor's gradient and of its square.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Moments {
    /// Mean of the gradient.
    pub(crate) first: Vec<f32>,
    /// Mean of its square.
    pub(crate) second: Vec<f32>,
}

/// What one step needs besides the gradients.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Learning rate of the branches.
    pub(crate) rate: f64,
    /// Learning rate of the classifier.
    pub(crate) head_rate: f64,
    /// Decoupled weight decay.
    pub(crate) decay: f64,
    /// Factor on all gradients (clipping).
    pub(crate) scale: f64,
}

impl AdamW {
    /// Before the first step.
    pub(crate) fn new(settings: AdamSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Puts a state back: the one after `step` steps, with the moments of each tensor that was moved.
    pub(crate) fn resume(&mut self, step: usize, moments: BTreeMap<String, Moments>) {
        self.step = u32::try_from(step).unwrap_or(u32::MAX);
        self.moments = moments;
    }

    /// The moments of each tensor that was moved.
    pub(crate) fn moments(&self) -> &BTreeMap<String, Moments> {
        &self.moments
    }

    /// Moves every trainable tensor that has a gradient.
    ///
    /// # Errors
    /// A gradient of another size than its tensor.
    pub(crate) fn step(
        &mut self,
        trainable: &BTreeMap<String, Var>,
        gradients: &Gradients,
        step: Step,
    ) -> Result<()> {
        self.step += 1;
        for (name, var) in trainable {
            let Some(gradient) = gradients.get(name) else { continue };
            let mut values = var.flatten_all()?.to_vec1::<f32>()?;
            let moments = self.moments.entry(name.clone()).or_default();
            moments.first.resize(values.len(), 0.0);
            moments.second.resize(values.len(), 0.0);
            let rate = if name.contains(".classifier.") { step.head_rate } else { step.rate };
            let decay = if name.ends_with("bias") { 0.0 } else { step.decay };
            moments.update(
                &mut values,
                gradient,
                Rates { rate, decay, scale: step.scale, step: self.step, settings: self.settings },
            );
            var.set(&Tensor::from_vec(values, var.shape(), var.device())?)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Rates {
    rate: f64,
    decay: f64,
    scale: f64,
    step: u32,
    settings: AdamSettings,
}

impl Moments {
    fn update(&mut self, values: &mut [f32], gradient: &[f32], at: Rates) {
        let AdamSettings { beta1, beta2, epsilon } = at.settings;
        let correction1 = 1.0 - beta1.powi(at.step as i32);
        let correction2 = (1.0 - beta2.powi(at.step as i32)).sqrt();
        let keep = (1.0 - at.rate * at.decay) as f32;
        let size = (at.rate / correction1) as f32;
        // What f32 would round to 0 would make 0 / 0 of a gradient that is 0.
        let epsilon = (epsilon as f32).max(f32::MIN_POSITIVE);
        let (scale, correction2) = (at.scale as f32, correction2 as f32);
        let (b1, b2) = (beta1 as f32, beta2 as f32);
        // In f32 the difference 1 - 0.999 would be off by 5e-5 of itself.
        let (rest1, rest2) = ((1.0 - beta1) as f32, (1.0 - beta2) as f32);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, &gradient), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
            let gradient = gradient * scale;
            *first = b1 * *first + rest1 * gradient;
            *second = b2 * *second + rest2 * gradient * gradient;
            *value = *value * keep - size * *first / (second.sqrt() / correction2 + epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn first_step_moves_by_the_rate_and_the_state_can_be_put_back() {
        let var = Var::from_tensor(&Tensor::new(&[1.0f32, -1.0], &Device::Cpu).unwrap()).unwrap();
        let trainable = BTreeMap::from([("w".to_owned(), var.clone())]);
        let gradients = |v: &Var| {
            let mut store = (v.as_tensor() * 3.0).unwrap().sum_all().unwrap().backward().unwrap();
            Gradients::take(&mut store, &trainable).unwrap()
        };
        let step = Step { rate: 0.1, head_rate: 0.1, decay: 0.0, scale: 1.0 };
        let mut one = AdamW::default();
        one.step(&trainable, &gradients(&var), step).unwrap();
        let moved = var.to_vec1::<f32>().unwrap();
        assert!((moved[0] - 0.9).abs() < 1e-6 && (moved[1] + 1.1).abs() < 1e-6, "{moved:?}");
        let mut two = AdamW::default();
        two.resume(1, one.moments().clone());
        assert_eq!(one, two);
        one.step(&trainable, &gradients(&var), step).unwrap();
        two.step(&trainable, &gradients(&var), step).unwrap();
        assert_eq!(one, two);
    }

    /// Against the formula, in f64.
    #[test]
    fn settings_of_adam_are_those_of_the_formula() {
        let settings = AdamSettings { beta1: 0.5, beta2: 0.8, epsilon: 0.25 };
        let var = Var::from_tensor(&Tensor::new(&[1.0f32], &Device::Cpu).unwrap()).unwrap();
        let trainable = BTreeMap::from([("w".to_owned(), var.clone())]);
        let mut optimiser = AdamW::new(settings);
        let (mut value, mut first, mut second) = (1.0f64, 0.0f64, 0.0f64);
        for step in 1..=5 {
            let gradient = f64::from(step) - 2.5;
            let loss = (var.as_tensor() * gradient).unwrap().sum_all().unwrap();
            let gradients = Gradients::take(&mut loss.backward().unwrap(), &trainable).unwrap();
            let at = Step { rate: 0.1, head_rate: 0.1, decay: 0.01, scale: 1.0 };
            optimiser.step(&trainable, &gradients, at).unwrap();
            first = 0.5 * first + 0.5 * gradient;
            second = 0.8 * second + 0.2 * gradient * gradient;
            let (mean, square) = (first / (1.0 - 0.5f64.powi(step)), second / (1.0 - 0.8f64.powi(step)));
            value = value * (1.0 - 0.1 * 0.01) - 0.1 * mean / (square.sqrt() + 0.25);
            let ours = f64::from(var.to_vec1::<f32>().unwrap()[0]);
            assert!((ours - value).abs() < 1e-6, "step {step}: {ours} and {value}");
        }
    }

    #[test]
    fn an_epsilon_below_f32_moves_nothing_where_nothing_is_to_move() {
        let var = Var::from_tensor(&Tensor::new(&[1.0f32], &Device::Cpu).unwrap()).unwrap();
        let trainable = BTreeMap::from([("w".to_owned(), var.clone())]);
        let loss = (var.as_tensor() * 0.0).unwrap().sum_all().unwrap();
        let gradients = Gradients::take(&mut loss.backward().unwrap(), &trainable).unwrap();
        let step = Step { rate: 0.1, head_rate: 0.1, decay: 0.0, scale: 1.0 };
        let settings = AdamSettings { epsilon: 1e-60, ..AdamSettings::default() };
        AdamW::new(settings).step(&trainable, &gradients, step).unwrap();
        assert_eq!(var.to_vec1::<f32>().unwrap(), [1.0]);
    }
}
