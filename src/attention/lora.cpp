#include "attention/lora.hpp"

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

using Index = Eigen::Index;

std::string text(Index rows, Index columns) { return std::to_string(rows) + " x " + std::to_string(columns); }

void require(const std::string& name, const Matrix<double>& m, Index rows, Index columns) {
  if (m.size() == 0 || m.rows() != rows || m.cols() != columns)
    throw InputError(name, text(rows, columns) + ", at least one row and one column",
                     text(m.rows(), m.cols()));
  if (!m.allFinite()) throw InputError(name, "finite numbers", "NaN or an infinity");
}

}  // namespace

void validate(const LoraLossInput& in) {
  const Index n = in.x_q.rows(), m = in.x_k.rows(), d = in.x_q.cols();
  require("X_Q", in.x_q, std::max<Index>(n, 1), std::max<Index>(d, 1));
  require("X_K", in.x_k, std::max<Index>(m, 1), d);
  require("X_V", in.x_v, m, d);
  require("Y", in.y, n, d);
  for (const auto& [name, w] : {std::pair("Q", &in.q), std::pair("K", &in.k), std::pair("V", &in.v)}) {
    require(std::string("W*_") + name, w->frozen, d, d);
    require(std::string("B_") + name, w->b, d, std::max<Index>(w->a.rows(), 1));
    require(std::string("A_") + name, w->a, w->b.cols(), d);
  }
}

}  // namespace attnbounds
