// Bugs that tests plant into code of production, to see that they would be found. Only what
// matsuri_planted() builds (cmake/MatsuriModule.cmake) has any: everywhere else the question is
// answered, and what depends on it dropped, by the compiler.
#pragma once

#include <string_view>

namespace matsuri {

#ifdef MATSURI_PLANT

inline std::string_view planted_bug;  // of all threads: empty where there is none
inline bool planted(std::string_view bug) { return planted_bug == bug; }

#else

consteval bool planted(std::string_view) { return false; }

#endif

}  // namespace matsuri
