// Tensor cores, by their model: what is promised of one product, of products of halves, and of attention.
#include "kernels/cuda/mixed.hpp"

#include <cmath>

#include "attention/enclosure.hpp"
#include "catch.hpp"
#include "kernels/cuda/bounds.hpp"
#include "kernels/cuda/emulator.hpp"
#include "kernels/device_attention.hpp"
#include "kernels/score_range.hpp"
#include "numeric/random.hpp"
#include "polynomial/exponential.hpp"

using namespace attnbounds;

namespace {

double draw_float(Stream& stream, int exponents) {
  return std::ldexp(stream.uniform_matrix(1, 1, 1)(0, 0), -static_cast<int>(stream.below(exponents)));
}

}  // namespace

TEST_CASE("TF32 halves leave at most 2^-22 of a float, and the low one is at most 2^-11 of it") {
  Stream stream(0, "halves");
  for (int i = 0; i < 20000; ++i) {
    const float x = static_cast<float>(draw_float(stream, 40));
    const cuda::Tf32Halves h = cuda::halves(x);
    const double size = std::fabs(static_cast<double>(x));
    CHECK(std::fabs(static_cast<double>(h.low)) <= size * 0x1p-11);
    CHECK(std::fabs(static_cast<double>(x) - h.high - h.low) <= size * 0x1p-22);
    CHECK(cuda::tf32(h.high) == h.high);
    CHECK(cuda::tf32(h.low) == h.low);
  }
}

TEST_CASE("a product on tensor cores misses at most 24 cuts of the absolute sum, and more than 8 roundings") {
  Stream stream(1, "cuts");
  Rational worst = 0;
  for (int i = 0; i < 20000; ++i) {
    float a[8], b[8];
    float c = static_cast<float>(draw_float(stream, 12));
    for (int k = 0; k < 8; ++k) {
      a[k] = cuda::tf32(static_cast<float>(draw_float(stream, 12)));
      b[k] = cuda::tf32(static_cast<float>(draw_float(stream, 12)));
    }
    if (i == 0) {  // one large number, eight that are just below the last place it keeps
      c = 1;
      for (int k = 0; k < 8; ++k) a[k] = 0x1.ffcp-1F, b[k] = 0x1.ffcp-24F;
    }
    Rational exact = to_rational(static_cast<double>(c)), absolute = abs(exact);
    for (int k = 0; k < 8; ++k) {
      const Rational product =
          to_rational(static_cast<double>(a[k])) * to_rational(static_cast<double>(b[k]));
      exact += product;
      absolute += abs(product);
    }
    const Rational error = abs(Rational(to_rational(static_cast<double>(cuda::cut_sum(c, a, b))) - exact));
    CHECK(error <= 24 * absolute * to_rational(cuda::cut));
    worst = std::max(worst, Rational(error / absolute));
  }
  CHECK(worst > 8 * to_rational(0x1p-24));  // what eight roundings to nearest of a float would promise
}

TEST_CASE("products of halves on tensor cores miss at most 62 roundings of a float of the absolute product") {
  Stream stream(2, "split products");
  Rational worst = 0;
  for (int round = 0; round < 60; ++round) {
    cuda::LeftTile<false> x, x_low;
    cuda::RightTile<false> y, y_low;
    const auto fill = [&](int, int, float& entry) {
      entry = static_cast<float>(draw_float(stream, round % 20 + 1));
    };
    const auto nearly_one = [&](int, int, float& entry) {
      entry = 1 - 0x1p-24F * static_cast<float>(stream.below(4096));
    };
    if (round % 3 == 0) x.each(nearly_one), y.each(nearly_one);
    else x.each(fill), y.each(fill);
    const cuda::LeftTile<false> left = x;
    const cuda::RightTile<false> right = y;
    cuda::split(x, x_low);
    cuda::split(y, y_low);
    cuda::SumTile<double, false> total;
    cuda::add_split_product(total, x, x_low, y, y_low);
    for (int row = 0; row < 16; ++row)
      for (int column = 0; column < 8; ++column) {
        Rational exact = 0, absolute = 0;
        for (int k = 0; k < 8; ++k) {
          const Rational product = to_rational(static_cast<double>(left.entry[row][k])) *
                                   to_rational(static_cast<double>(right.entry[k][column]));
          exact += product;
          absolute += abs(product);
        }
        const Rational error = abs(Rational(to_rational(total.entry[row][column]) - exact));
        CHECK(error <= cuda::roundings_of_a_split_product * absolute * to_rational(0x1p-24));
        if (absolute > 0) worst = std::max(worst, Rational(error / absolute));
      }
  }
  CHECK(worst > to_rational(0x1p-24));
}

TEST_CASE("attention on tensor cores keeps its guarantee, one tile of columns or several") {
  Stream draw(3, "mixed attention");
  for (const long dv : {2L, 7L, 12L, 40L})
    for (const long n : {1L, 70L}) {
      const Matrix<float> q = draw.uniform_matrix(n, 3, 1).cast<float>(),
                          k = draw.uniform_matrix(n + 30, 3, 1).cast<float>(),
                          v = draw.uniform_matrix(n + 30, dv, 2).cast<float>();
      const ScoreRange<float> range = score_range(q, k);
      const ValueScale<float> values = value_scale(v);
      for (const long degree : {2L, 7L}) {
        const CertifiedPolynomial polynomial = exp_polynomial_in_doubles({degree}, range.half_width.exact());
        const std::vector<double> coefficients = coefficients_in_doubles(polynomial.polynomial);
        const cuda::AttentionJob<float> job{{q.data(), n, 3},
                                            {k.data(), n + 30, 3},
                                            {v.data(), n + 30, dv},
                                            {range.centre, range.key_scale, range.query_scale},
                                            values.down,
                                            values.up,
                                            cuda::Masking::none};
        const auto result = cuda::mixed_attention(cuda::Where::emulated, job, coefficients);
        const cuda::Bound bound = cuda::polynomial_bound(
            result, {coefficients, range.half_width.value(), polynomial.error.value()},
            {range.half_width.value(), range.perturbation.value(), range.largest_query.value()},
            {values.largest.value(), values.scaled.value(), values.up}, 3, n + 30, job.mask);
        REQUIRE(std::isfinite(bound.total()));
        const Matrix<double> output =
            Eigen::Map<const Matrix<float>>(result.output.data(), n, dv).cast<double>();
        const Interval error =
            largest_error(output, attention_enclosure({q.cast<double>(), k.cast<double>(), v.cast<double>()},
                                                      Mask::none, to_rational(bound.total()) / 1024))
                .interval();
        INFO("dv " << dv << " n " << n << " degree " << degree << " bound " << bound.total() << " error "
                   << round_up(error));
        CHECK(lower(error) <= Real(bound.total()));
      }
    }
}
