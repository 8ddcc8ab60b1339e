#include "attention/token_propagation.hpp"

#include <Eigen/SVD>

#include "catch.hpp"
#include "numeric/proved.hpp"
#include "numeric/random.hpp"

using namespace attnbounds;

namespace {

using Index = Eigen::Index;

std::vector<Layer<double>> random_layers(std::uint64_t index, Index count, Index d, Mask mask,
                                         Activation activation) {
  Stream draw(0, "token_propagation_test", index);
  std::vector<Layer<double>> layers;
  for (Index l = 0; l < count; ++l) {
    Layer<double> layer;
    layer.mask = mask;
    for (int h = 0; h < 2; ++h)
      layer.heads.push_back(
          {draw.uniform_matrix(d, d, 1), draw.uniform_matrix(d, d, 0.5), draw.uniform_matrix(1, d, 0.5)});
    layer.mlp = Mlp<double>{draw.uniform_matrix(d, 5, 0.5), draw.uniform_matrix(1, 5, 0.5),
                            draw.uniform_matrix(5, d, 0.5), draw.uniform_matrix(1, d, 0.5), activation};
    layer.attention_norm = layer.mlp_norm =
        LayerNorm<double>{draw.uniform_matrix(1, d, 1), draw.uniform_matrix(1, d, 1), 0x1p-6};
    layers.push_back(layer);
  }
  return layers;
}

}  // namespace

TEST_CASE("the bound on a spectral norm is at least the largest singular value, and within a tenth of it") {
  for (std::uint64_t k = 0; k < 20; ++k) {
    Stream draw(0, "spectral", k);
    const Matrix<double> m = draw.uniform_matrix(1 + k % 4, 1 + k % 7, 2);
    const double exact = Eigen::JacobiSVD<Eigen::MatrixXd>(m).singularValues()(0);
    const double bound = spectral_norm_bound(m);
    CHECK(bound >= exact * (1 - 1e-14));
    CHECK(bound <= exact * 1.1);
    const Interval enclosed = spectral_norm_bound(matrix_from<Interval>(m));
    CHECK(round_up(enclosed) >= exact * (1 - 1e-14));
    CHECK(std::fabs(round_up(enclosed) - bound) < 1e-12 * (1 + bound));
  }
  CHECK(spectral_norm_bound<double>(Matrix<double>::Zero(3, 2)) == 0);
}

TEST_CASE("errors of perturbed layers stay within the recursion token by token, forward and backward") {
  const WorkingPrecision precision(Bits{192});
  for (std::uint64_t k = 0; k < 4; ++k) {
    const auto layers = layers_over<Interval>(random_layers(k, 2, 3, k % 2 == 0 ? Mask::none : Mask::causal,
                                                            k < 2 ? Activation::gelu : Activation::relu));
    Stream draw(1, "token_propagation_test input", k);
    const Matrix<Interval> input = matrix_from<Interval>(draw.uniform_matrix(4, 3, 1));
    const Interval delta = enclose(Rational(1, 1 << 10));
    const Matrix<double> signs = draw.uniform_matrix(4, 4, 1);
    const auto perturbed = [&](Index, Index) {
      return [&](const Interval& s, Index i, Index j) {
        return Interval(exp(s) * (1 + delta * enclose(signs(i, j))));
      };
    };
    const auto exact = forward(layers, input), near = forward(layers, input, perturbed);
    const Matrix<Interval> g = squared_loss(exact.back().output, input).gradient;
    const auto gradients = backward(layers, exact, g),
               near_gradients = backward(layers, near, squared_loss(near.back().output, input).gradient);
    std::vector<TokenConstants<Interval>> constants;
    std::vector<TokenErrors<Interval>> errors;
    PerToken<Interval> e(4, Interval(0));
    for (size_t l = 0; l < layers.size(); ++l) {
      constants.push_back(token_constants(layers[l], exact[l]));
      errors.push_back(token_forward(constants.back(), e, delta));
      e = errors.back().output;
      const auto moved = row_norms<Interval>(near[l].output - exact[l].output);
      for (size_t i = 0; i < e.size(); ++i)
        if (layers[l].mask == Mask::causal &&
            i == 0) {  // sees itself alone: 0 <= 0, which no precision decides
          CHECK(lower(moved[i]) == 0);
          CHECK(upper(e[i]) < 0x1p-150);
        } else {
          CHECK(at_most(moved[i], e[i]) == Verdict::verified);
        }
    }
    TokenGradients<Interval> bound{row_norms(g), e};
    for (size_t l = layers.size(); l-- > 0;) {
      const auto step = token_backward(constants[l], errors[l], bound, row_norms(gradients[l].middle));
      const auto moved = row_norms<Interval>(near_gradients[l].input - gradients[l].input);
      for (size_t j = 0; j < moved.size(); ++j) CHECK(at_most(moved[j], step.error[j]) == Verdict::verified);
      bound = {row_norms(gradients[l].input), step.error};
    }
  }
}

TEST_CASE(
    "exact weights and exact states give errors of 0, and no error is lost from one layer to the next") {
  const auto layers = random_layers(9, 1, 3, Mask::none, Activation::gelu);
  Stream draw(2, "token_propagation_test input");
  const auto trace = layer_forward(layers[0], draw.uniform_matrix(4, 3, 1));
  const auto constants = token_constants(layers[0], trace);
  const auto still = token_forward(constants, PerToken<double>(4, 0.0), 0.0);
  for (const double x : still.output) CHECK(x == 0);
  double before = 0;
  for (const double size : {1e-9, 1e-6, 1e-3, 1.0, 1e6}) {
    const double now = largest_of(token_forward(constants, PerToken<double>(4, size), 0.0).output);
    CHECK(now >= before);
    before = now;
  }
  // never above twice the largest row of a layer norm, times its gain
  CHECK(before <= constants.mlp_norm->gain * 2 * std::sqrt(3.0) * (1 + 1e-12));
}
