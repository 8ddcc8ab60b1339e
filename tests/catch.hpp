// Catch2 v2 (Debian 12) or v3: the tests include this header and nothing of Catch2 itself.
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
