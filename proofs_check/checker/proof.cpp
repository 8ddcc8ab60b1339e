#include "proof.hpp"

#include <mpfr.h>

#include <cmath>

namespace checker {
namespace {

constexpr slong kMostBits = 1 << 16;
constexpr double kMostWork = 5e9;  // about a minute

}  // namespace

void require_at_most(const Ball& a, const Ball& b, const std::string& what) {
  if (surely_at_most(a, b)) return;
  const std::string sides = what + ": " + decimal(a, Rounding::down);
  if (surely_greater(a, b)) throw Rejected(sides + " exceeds " + decimal(b, Rounding::up));
  throw Undecided(what);
}

void require_above(const Ball& a, const Ball& b, const std::string& what) {
  if (surely_greater(a, b)) return;
  if (!surely_at_most(a, b)) throw Undecided(what);
  throw Rejected(what + ": " + decimal(a, Rounding::up) + " is not above " + decimal(b, Rounding::down));
}

void require(bool holds, const std::string& what) {
  if (!holds) throw Rejected(what);
}

Proved at_rising_precision(slong bits, double operations, const std::function<Proved()>& attempt) {
  std::string reason = "nothing was tried";
  for (working_bits = bits; working_bits <= kMostBits; working_bits *= 2) {
    if (operations * std::pow(static_cast<double>(working_bits) / 64, 1.5) > kMostWork) break;
    try {
      return attempt();
    } catch (const Undecided& undecided) {
      reason = std::string(undecided.what()) + " is open at " + std::to_string(working_bits) + " bits";
    }
  }
  throw Rejected("undecided: " + reason + ", and the next precision is beyond the limits");
}

std::string decimal(const Ball& x, Rounding rounding) {
  const mpfr_rnd_t direction = rounding == Rounding::down ? MPFR_RNDD : MPFR_RNDU;
  Dyadic end;
  if (rounding == Rounding::down) arb_get_lbound_arf(end.get(), x.get(), working_bits);
  else arb_get_ubound_arf(end.get(), x.get(), working_bits);
  mpfr_t value;
  mpfr_init2(value, 128);
  arf_get_mpfr(value, end.get(), direction);
  char* text = nullptr;
  mpfr_asprintf(&text, rounding == Rounding::down ? "%.10RDg" : "%.10RUg", value);
  const std::string result = text;
  mpfr_free_str(text);
  mpfr_clear(value);
  return result;
}

std::string enclosure_text(const Ball& x) {
  return "[" + decimal(x, Rounding::down) + ", " + decimal(x, Rounding::up) + "]";
}
nlohmann::ordered_json enclosure_json(const Ball& x) {
  return {{"lower", decimal(x, Rounding::down)}, {"upper", decimal(x, Rounding::up)}};
}

std::string item(const std::string& array, std::size_t i) { return array + "[" + std::to_string(i) + "]"; }

Rows balls(const Matrix& m) {
  Rows rows(static_cast<std::size_t>(m.rows));
  for (long i = 0; i < m.rows; ++i)
    for (long j = 0; j < m.columns; ++j) rows[static_cast<std::size_t>(i)].emplace_back(m(i, j));
  return rows;
}
Rows balls(const Table<Fraction>& m) {
  Rows rows(m.size());
  for (std::size_t i = 0; i < m.size(); ++i) rows[i] = Row(m[i].begin(), m[i].end());
  return rows;
}
Ball one_norm(const Rows& m) {
  Ball sum;
  for (const Row& row : m)
    for (const Ball& x : row) sum = sum + absolute_value(x);
  return sum;
}
Ball largest_row_sum(const Rows& m) {
  Ball largest;
  for (const Row& row : m) largest = maximum(largest, one_norm({row}));
  return largest;
}

Ball whole_part(const Ball& x, const std::string& what) {
  Ball floor;
  arb_floor(floor.get(), x.get(), working_bits);
  if (!arb_is_exact(floor.get())) throw Undecided(what);
  return floor;
}

Ball perturbation(const Ball& delta) {
  return Ball(2) * delta / (Ball(1) + square_root(Ball(1) - delta * delta));
}

}  // namespace checker
