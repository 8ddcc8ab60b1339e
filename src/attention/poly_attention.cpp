#include "attention/poly_attention.hpp"

namespace attnbounds {

std::vector<long> tree_parents(const AttentionPolynomial& h) {
  if (static_cast<long>(h.products.size()) != h.variables - 1) return {};
  std::vector<long> parents(h.variables, -1), reached{0};
  for (std::size_t next = 0; next < reached.size(); ++next)
    for (const auto& product : h.products) {
      if (product.size() != 2) return {};
      for (const auto& [from, to] : {std::pair(product[0], product[1]), std::pair(product[1], product[0])})
        if (from == reached[next] && to != parents[from]) {
          if (to == 0 || parents[to] >= 0) return {};
          parents[to] = from;
          reached.push_back(to);
        }
    }
  return static_cast<long>(reached.size()) == h.variables ? parents : std::vector<long>{};
}

}  // namespace attnbounds
