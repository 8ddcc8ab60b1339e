#include "proofs_check/claim.hpp"

#include <algorithm>

#include "numeric/exact_text.hpp"

namespace attnbounds {

const char* name(Level level) {
  switch (level) {
    case Level::quick:
      return "quick";
    case Level::standard:
      return "standard";
    case Level::exhaustive:
      return "exhaustive";
  }
  return "quick";
}

Level level_from_text(const std::string& text) {
  for (Level level : {Level::quick, Level::standard, Level::exhaustive})
    if (text == name(level)) return level;
  throw InputError("--level", "quick, standard or exhaustive", "'" + text + "'");
}

const char* name(Standing standing) {
  switch (standing) {
    case Standing::proved:
      return "proved";
    case Standing::checked:
      return "checked";
    case Standing::statistical:
      return "statistical";
    case Standing::open:
      return "open";
  }
  return "open";
}

Rational Draw::dyadic(long bound, int bits) {
  const long scale = 1L << bits;
  return Rational(integer(-bound * scale, bound * scale), scale);
}

Matrix<double> Draw::matrix(Eigen::Index rows, Eigen::Index columns, long bound, int bits) {
  Matrix<double> m(rows, columns);
  const long kind = integer(0, 3);
  for (Eigen::Index i = 0; i < m.size(); ++i) {
    double& entry = m.data()[i];
    if (kind == 0) entry = static_cast<double>(bound * stream.sign());
    else if (kind == 1 && integer(0, 3) != 0) entry = 0;
    else entry = nearest(dyadic(bound, bits));
  }
  return m;
}

const std::vector<Paper>& papers() {
  static const std::vector<Paper> list = {
      {"abboud-rubinstein-williams-2017", "Abboud, Rubinstein, Williams 2017, arXiv 1706.06407"},
      {"aggarwal-alman-2022", "Aggarwal, Alman 2022, arXiv 2205.06249"},
      {"alman-song-2023", "Alman, Song 2023, arXiv 2302.13214"},
      {"alman-song-2024-tensor", "Alman, Song 2024, arXiv 2310.04064"},
      {"alman-song-2024-gradient", "Alman, Song 2024, arXiv 2402.04497"},
      {"han-et-al-2023-hyperattention",
       "Han, Jayaram, Karbasi, Mirrokni, Woodruff, Zandieh 2023, arXiv 2310.05869"},
      {"hu-et-al-2024-dit", "Hu, Wu, Li, Pi, Song, Liu 2024, arXiv 2407.01079"},
      {"hu-et-al-2024-lora", "Hu, Su, Kuo, Song, Liu 2024, arXiv 2406.03136"},
      {"impagliazzo-paturi-zane-2001", "Impagliazzo, Paturi, Zane 2001, J. Comput. Syst. Sci. 63(4)"},
      {"liang-shi-song-zhou-2024-tensor-training", "Liang, Shi, Song, Zhou 2024, arXiv 2405.16411"},
      {"liang-et-al-2024-multilayer", "Liang, Sha, Shi, Song, Zhou 2024, arXiv 2408.13233"},
      {"liang-shi-song-zhou-2024-private", "Liang, Shi, Song, Zhou 2024, arXiv 2407.14717"},
      {"bharadwaj-et-al-2023", "Bharadwaj, Malik, Murray, Grigori, Buluc, Demmel 2023, arXiv 2301.12584"},
      {"gupta-et-al-2025", "Gupta, Huang, Saha, Xu, Ye 2025, arXiv 2505.14840"},
      {"heinsen-kozachkov-2026", "Heinsen, Kozachkov 2026, arXiv 2602.00294"},
      {"aliakbarpour-et-al-2025", "Aliakbarpour, Braverman, Yin, Zhang 2025, arXiv 2510.01643"},
      {"chakrabarti-pitassi-alman-2026", "Chakrabarti, Pitassi, Alman 2026, arXiv 2602.02422"},
      {"liang-shi-song-yang-2024-prefix", "Liang, Shi, Song, Yang 2024, arXiv 2406.14036"},
      {"threshold-2026",
       "attnbounds, docs/threshold.md (the theorems of arXiv 2302.13214, 2310.04064 at every n)"},
  };
  return list;
}

std::string Claim::source() const {
  for (const Paper& p : papers())
    if (p.key == paper) return p.citation + ", " + number;
  return number;
}

namespace {

std::vector<Claim>& registry() {
  static std::vector<Claim> claims;
  return claims;
}

}  // namespace

void Registration::enter(Claim c) { registry().push_back(std::move(c)); }

const std::vector<Claim>& all_claims() {
  // Registration runs in the linker's order; the catalogue is sorted once, at the first look.
  static const std::vector<Claim> sorted = [] {
    std::vector<Claim> claims = registry();
    std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) { return a.id < b.id; });
    for (std::size_t i = 1; i < claims.size(); ++i)
      if (claims[i].id == claims[i - 1].id) throw std::logic_error("two claims are named " + claims[i].id);
    return claims;
  }();
  return sorted;
}

const Claim& claim_by_id(const std::string& id) {
  for (const Claim& c : all_claims())
    if (c.id == id) return c;
  throw InputError("claim", "an id that `attnbounds claims` lists", "'" + id + "'");
}

ClaimBuilder claim(std::string id, std::string number, Standing standing, const char* file) {
  Claim c;
  c.paper = id.substr(0, id.find('/'));
  c.id = std::move(id);
  c.number = std::move(number);
  c.standing = standing;
  const std::string path = file;
  const std::size_t room = path.rfind("proofs_check/");
  c.file = room == std::string::npos ? path : path.substr(room);
  return ClaimBuilder(std::move(c));
}

}  // namespace attnbounds
