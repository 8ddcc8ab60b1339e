#include "attention/transformer.hpp"

#include "catch.hpp"
#include "forward_derivative.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

using Index = Eigen::Index;

enum class Extras { none, relu, gelu_and_norms };

std::vector<Layer<double>> random_layers(std::uint64_t index, Index count, Index d, Mask mask,
                                         Residual residual, Extras extras) {
  Stream draw(0, "transformer_test", index);
  std::vector<Layer<double>> layers;
  for (Index l = 0; l < count; ++l) {
    Layer<double> layer;
    layer.mask = mask;
    layer.residual = residual;
    for (int h = 0; h < 2; ++h)
      layer.heads.push_back({draw.uniform_matrix(d, d, 1), draw.uniform_matrix(d, d, 1),
                             extras == Extras::none ? Matrix<double>() : draw.uniform_matrix(1, d, 1)});
    if (extras != Extras::none) {
      layer.output_bias = draw.uniform_matrix(1, d, 1);
      layer.mlp = Mlp<double>{draw.uniform_matrix(d, 3, 1), draw.uniform_matrix(1, 3, 1),
                              draw.uniform_matrix(3, d, 1), draw.uniform_matrix(1, d, 1),
                              extras == Extras::relu ? Activation::relu : Activation::gelu};
    }
    if (extras == Extras::gelu_and_norms) {
      layer.attention_norm =
          LayerNorm<double>{draw.uniform_matrix(1, d, 2), draw.uniform_matrix(1, d, 1), 0x1p-10};
      layer.mlp_norm = LayerNorm<double>{draw.uniform_matrix(1, d, 2), draw.uniform_matrix(1, d, 1), 0x1p-10};
    }
    layers.push_back(layer);
  }
  return layers;
}

struct Setting {
  const char* name;
  Mask mask;
  Residual residual;
  Extras extras;
};
const Setting settings[] = {
    {"plain", Mask::none, Residual::none, Extras::none},
    {"residual, causal", Mask::causal, Residual::added, Extras::none},
    {"relu", Mask::none, Residual::added, Extras::relu},
    {"relu, no residual", Mask::causal, Residual::none, Extras::relu},
    {"gelu and layer norms, causal", Mask::causal, Residual::added, Extras::gelu_and_norms}};

enum class Loss { squared, cross_entropy };
const std::vector<Index> classes = {1, 0, 1};

std::vector<std::pair<Setting, Loss>> settings_and_losses() {
  std::vector<std::pair<Setting, Loss>> all;
  for (const Setting& s : settings)
    for (const Loss kind : {Loss::squared, Loss::cross_entropy}) all.emplace_back(s, kind);
  return all;
}

template <class Scalar>
LossAt<Scalar> loss_of(Loss kind, const Matrix<Scalar>& t, const Matrix<double>& target) {
  return kind == Loss::squared ? squared_loss(t, matrix_from<Scalar>(target)) : cross_entropy(t, classes);
}

/// Calls check(name, matrix of `layers`/`input` to vary, its gradient) for the input, every W and every W_V,
/// and the input of the second layer through the first.
template <class Scalar, class Check>
void for_every_gradient(std::vector<Layer<Scalar>>& layers, Matrix<Scalar>& input,
                        const std::vector<LayerGradient<Scalar>>& gradients, const Check& check) {
  check(input, gradients[0].input);
  for (size_t l = 0; l < layers.size(); ++l)
    for (size_t h = 0; h < layers[l].heads.size(); ++h) {
      check(layers[l].heads[h].w, gradients[l].heads[h].w);
      check(layers[l].heads[h].w_v, gradients[l].heads[h].w_v);
    }
}

template <class Scalar>
std::vector<LayerGradient<Scalar>> closed_form(const std::vector<Layer<Scalar>>& layers,
                                               const Matrix<Scalar>& input, Loss kind,
                                               const Matrix<double>& target) {
  const auto traces = forward(layers, input);
  return backward(layers, traces, loss_of(kind, traces.back().output, target).gradient);
}

}  // namespace

TEST_CASE("backward through two layers equals forward-mode derivatives, for every input and weight") {
  for (const Setting& s : settings)
    for (const Loss kind : {Loss::squared, Loss::cross_entropy}) {
      INFO(s.name);
      Stream draw(1, "transformer_test input");
      const Matrix<double> input = draw.uniform_matrix(3, 2, 1), target = draw.uniform_matrix(3, 2, 1);
      const auto layers = random_layers(1, 2, 2, s.mask, s.residual, s.extras);
      const auto closed =
          closed_form<Wide>(layers_over<Wide>(layers), matrix_from<Wide>(input), kind, target);

      auto varied_layers = layers_over<Forward>(layers);
      Matrix<Forward> varied_input = matrix_from<Forward>(input);
      std::vector<Wide> derivatives, formulas;
      for_every_gradient<Forward>(
          varied_layers, varied_input, std::vector<LayerGradient<Forward>>(2, {{}, {}, {{}, {}}}),
          [&](Matrix<Forward>& m, const Matrix<Forward>&) {
            for (Index k = 0; k < m.size(); ++k) {
              const Forward kept = m.data()[k];
              m.data()[k] = variable(Wide(kept));
              derivatives.push_back(loss_of(kind, forward(varied_layers, varied_input).back().output, target)
                                        .value.derivative(1));
              m.data()[k] = kept;
            }
          });
      auto wide_layers = layers_over<Wide>(layers);
      Matrix<Wide> wide_input = matrix_from<Wide>(input);
      for_every_gradient<Wide>(wide_layers, wide_input, closed, [&](Matrix<Wide>&, const Matrix<Wide>& g) {
        formulas.insert(formulas.end(), g.data(), g.data() + g.size());
      });
      REQUIRE(derivatives.size() == formulas.size());
      Wide largest = 0;
      for (size_t k = 0; k < formulas.size(); ++k)
        largest = std::max(largest, Wide(abs(Wide(derivatives[k] - formulas[k]))));
      CHECK(largest < Wide("1e-48"));
    }
}

TEST_CASE("backward equals central differences at 512 bits") {
  const WorkingPrecision precision(Bits{512});
  const Real step = ldexp(Real(1), -80);
  for (const auto& setting_and_loss : settings_and_losses()) {
    const Setting s = setting_and_loss.first;
    const Loss kind = setting_and_loss.second;
    INFO(s.name);
    Stream draw(2, "transformer_test input");
    const Matrix<double> input = draw.uniform_matrix(3, 2, 1), target = draw.uniform_matrix(3, 2, 1);
    auto layers = layers_over<Real>(random_layers(2, 2, 2, s.mask, s.residual, s.extras));
    Matrix<Real> t = matrix_from<Real>(input);
    const auto closed = closed_form<Real>(layers, t, kind, target);
    Real largest = 0;
    for_every_gradient<Real>(layers, t, closed, [&](Matrix<Real>& m, const Matrix<Real>& g) {
      for (Index k = 0; k < m.size(); ++k) {
        const Real kept = m.data()[k];
        m.data()[k] = kept + step;
        const Real above = loss_of(kind, forward(layers, t).back().output, target).value;
        m.data()[k] = kept - step;
        const Real below = loss_of(kind, forward(layers, t).back().output, target).value;
        m.data()[k] = kept;
        largest = std::max(largest, Real(abs(Real((above - below) / (2 * step) - g.data()[k]))));
      }
    });
    CHECK(largest < ldexp(Real(1), -130));
  }
}

TEST_CASE("backward over intervals contains backward at a higher precision, and is narrow") {
  for (const auto& setting_and_loss : settings_and_losses()) {
    const Setting s = setting_and_loss.first;
    const Loss kind = setting_and_loss.second;
    INFO(s.name);
    Stream draw(3, "transformer_test input");
    const Matrix<double> input = draw.uniform_matrix(3, 2, 1), target = draw.uniform_matrix(3, 2, 1);
    const auto layers = random_layers(3, 2, 2, s.mask, s.residual, s.extras);
    std::vector<LayerGradient<Real>> fine;
    {
      const WorkingPrecision precision(Bits{400});
      fine = closed_form<Real>(layers_over<Real>(layers), matrix_from<Real>(input), kind, target);
    }
    const WorkingPrecision precision(Bits{80});
    const auto enclosed =
        closed_form<Interval>(layers_over<Interval>(layers), matrix_from<Interval>(input), kind, target);
    int missed = 0;
    const auto compare = [&](const Matrix<Interval>& x, const Matrix<Real>& y) {
      for (Index k = 0; k < x.size(); ++k)
        if (lower(x.data()[k]) > y.data()[k] || upper(x.data()[k]) < y.data()[k] ||
            !(width(x.data()[k]) < Real(1e-9)))
          ++missed;
    };
    for (size_t l = 0; l < fine.size(); ++l) {
      compare(enclosed[l].input, fine[l].input);
      for (size_t h = 0; h < fine[l].heads.size(); ++h) {
        compare(enclosed[l].heads[h].w, fine[l].heads[h].w);
        compare(enclosed[l].heads[h].w_v, fine[l].heads[h].w_v);
      }
    }
    CHECK(missed == 0);
  }
}

TEST_CASE("one layer of one head is attention with Q = T W, K = T, V = T W_V") {
  const auto layers = random_layers(4, 1, 3, Mask::none, Residual::none, Extras::none);
  Stream draw(4, "transformer_test input");
  const Matrix<double> t = draw.uniform_matrix(5, 3, 1);
  Layer<double> one = layers[0];
  one.heads.resize(1);
  const Matrix<double> expected = attention<double>(t * one.heads[0].w, t, t * one.heads[0].w_v);
  CHECK((layer_forward(one, t).output - expected).cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("a bias of the keys cancels in softmax, a bias of the queries does not") {
  Layer<double> layer = random_layers(5, 1, 2, Mask::none, Residual::added, Extras::relu)[0];
  Stream draw(5, "transformer_test input");
  const Matrix<double> t = draw.uniform_matrix(4, 2, 1), u = layer.heads[0].query_bias;
  const Matrix<double> q = (t * layer.heads[0].w).rowwise() + Eigen::RowVectorXd(u.row(0));
  const Matrix<double> moved_keys = t.rowwise() + Eigen::RowVector2d(3, -1);
  const Matrix<double> v = t * layer.heads[0].w_v;
  CHECK((attention<double>(q, moved_keys, v) - attention<double>(q, t, v)).cwiseAbs().maxCoeff() < 1e-14);
  layer.heads.resize(1);
  CHECK((layer_forward(layer, t).f[0] * v - attention<double>(q, t, v)).cwiseAbs().maxCoeff() < 1e-14);
}
