// Hairdos.
#include <cmath>

#include "face/internal/sketch.h"

namespace matsuri::face::internal {

std::string Sketch::shell(double e, double yb) const {
  return d("M% %C% % % % 50 %C% % % % % %",
           {l - e, yb, l - e - 1, cy - h * .78, 50 - w * .66, t - e, t - e, 50 + w * .66, t - e,
            r + e + 1, cy - h * .78, r + e, yb});
}

Hair Sketch::hairdo() const { return g.hair < 8 ? short_hair() : long_hair(); }

Hair Sketch::short_hair() const {
  switch (g.hair) {
    case 0:
      return {.front = fill(shell(.4, cy - 8) + d("C% % % % 50 %C% % % % % %Z",
                                                  {r - 2, cy - 14, r - 4, t + 12, t + 10, l + 4,
                                                   t + 12, l + 2, cy - 14, l - .4, cy - 8}),
                            hair, " opacity=\".55\"")};
    case 1:
      return {.front = fill(shell(2.5, cy - 3) +
                                d("C% % % % % %C% % % % % %C% % % % % %Z",
                                  {r - 2, cy - 9, r - 3, hairline, 50 + w * .5, hairline - 2,
                                   50 + 4, hairline + 1, 50 - 6, hairline - 3, 50 - w * .55,
                                   hairline, l + 2, hairline + 3, l + 2, cy - 9, l - 2.5, cy - 3}),
                            hair)};
    case 2:
      return {.front = fill(shell(3, cy) +
                                d("C% % % % % %C% % % % % %L% %Z",
                                  {r - 2, cy - 8, r - 4, hairline + 2, 50 + w * .3, t + h * .3, 50,
                                   hairline + 5, l + 8, hairline + 3, l + 2, cy - 3, l - 3, cy}),
                            hair) +
                       line(d("M% %C% % % % % %", {50 + w * .3, t + h * .3, 50 + 5, t + 6, 50 + 3,
                                                   t + 2, 50 + 1, t - 1}),
                            hair2, 1.2)};
    case 3:
      return {
          .back = fill(
              shell(5, cy + h * .72) +
                  d("C% % % % % %Z", {r + 2, cy + h + 3, l - 2, cy + h + 3, l - 5, cy + h * .72}),
              hair),
          .front = fill(shell(4, cy + 10) + d("L% %L% %Q50 % % %L% %Z",
                                              {r - 2, cy + 10, r - 2.5, hairline + 4, hairline + 7,
                                               l + 2.5, hairline + 4, l + 2, cy + 10}),
                        hair)};
    case 4:
      return {.back = fill(shell(5, 80) +
                               d("Q% 88 % 88L% 88Q% 88 % 80Z", {r + 2, r - 8, l + 8, l - 2, l - 5}),
                           hair),
              .front = fill(shell(4, cy + 14) + d("C% % % % 50 %C% % % % % %Z",
                                                  {r - 1, cy, r - 5, t + 14, t + 5, l + 5, t + 14,
                                                   l + 1, cy, l - 4, cy + 14}),
                            hair)};
    case 5:
      return {.front = fill(
                  shell(2.5, cy - 2) + d("C% % % % 50 %C% % % % % %Z",
                                         {r - 2, cy - 9, r - 4, hairline - 1, t + h * .33, l + 4,
                                          hairline - 1, l + 2, cy - 9, l - 2.5, cy - 2}),
                  hair),
              .top = circle(50, t - 6, 9.5, hair) +
                     line(d("M43 %Q50 % 57 %", {t - 3, t + 1, t - 3}), accent, 2.4)};
    case 6:
      return {.back = circle(l + 3, t + 4, 10, hair) + circle(r - 3, t + 4, 10, hair),
              .front = fill(shell(3, cy) + d("L% %L% %Q% % 50 %Q% % % %L% %L% %Z",
                                             {r - 2, cy - 2, r - 4, hairline + 3, 50 + 9,
                                              hairline + 6, hairline, 50 - 9, hairline + 6, l + 4,
                                              hairline + 3, l + 2, cy - 2, l - 3, cy}),
                            hair)};
    default:
      return {.back = fill(d("M% %C% % % % % %C% % % % % %Z",
                             {r - 6, t + 8, r + 20, t + 4, r + 18, cy + 18, r + 6, cy + 34, r + 6,
                              cy + 12, r + 4, cy, r - 6, t + 8}),
                           hair),
              .front = fill(shell(2.5, cy - 1) +
                                d("C% % % % % %C% % % % % %Z",
                                  {r - 2, cy - 10, r - 6, hairline, 50 + 6, t + h * .34, 50 - 8,
                                   hairline + 4, l + 4, hairline + 4, l - 2.5, cy - 1}),
                            hair)};
  }
}

Hair Sketch::long_hair() const {
  switch (g.hair) {
    case 8:
      return {.front = fill(
                  d("M% %L% %L% %L% %L% %L46 %L55 %L66 %L% %L% %L% %L% %L% %L% %L62 %L54 %L45 %L37 "
                    "%L% %Z",
                    {l - 2,        cy - 2,
                     l - 6,        t + 14,
                     l + 3,        t + 12,
                     l + 3,        t - 1,
                     l + 13,       t + 3,
                     t - 9,        t + 1,
                     t - 5,        r - 5,
                     t + 6,        r + 5,
                     t + 6,        r + 2,
                     t + 16,       r + 5,
                     t + 24,       r,
                     cy - 2,       r - 4,
                     hairline,     hairline - 4,
                     hairline + 3, hairline - 4,
                     hairline + 3, l + 4,
                     hairline}),
                  hair,
                  attribute("stroke", hair) + " stroke-width=\"2\" stroke-linejoin=\"round\"")};
    case 9:
      return curls();
    case 10:
      return {.back = fill(shell(7, cy + 16) +
                               d("C% % % % % %Q50 % % %C% % % % % %Z",
                                 {r + 10, cy + 24, r + 3, cy + 27, r + 7, cy + 36, cy + 44, l - 7,
                                  cy + 36, l - 3, cy + 27, l - 10, cy + 24, l - 7, cy + 16}),
                           hair),
              .front = fill(shell(4.5, cy + 4) +
                                d("C% % % % % %C% % % % % %Z",
                                  {r + 1, cy - 8, r - 4, hairline + 4, 50 + 8, t + h * .28, 50 - 6,
                                   hairline + 6, l + 8, hairline + 2, l - 4.5, cy + 4}),
                            hair)};
    case 11:
      return {.front =
                  fill(d("M% %C% % % % 52 %C% % % % % %C% % % % 58 %C44 % % % % %Z",
                         {l,      cy - 8, l - 6,  t + 2,  l + 6,  t - 8, t - 8,       r - 2,
                          t - 8,  r + 8,  t + 4,  r,      cy - 8, r,     hairline,    r - 6,
                          t + 10, t + 10, t + 10, l + 12, t + 16, l + 5, hairline + 1}),
                       hair) +
                  line(d("M% %C42 % 56 % 66 %", {l + 9, t + 9, t - 1, t - 2, t + 3}), hair2, 1.4)};
    case 12:
      return {.back = fill(d("M% %C% % % % % %C% % % % % %ZM% %C% % % % % %C% % % % % %Z",
                             {l + 2,   cy + 2, l - 14,  cy + 8, l - 12,  cy + 32, l - 4,
                              cy + 40, l + 4,  cy + 30, l + 4,  cy + 14, l + 2,   cy + 2,
                              r - 2,   cy + 2, r + 14,  cy + 8, r + 12,  cy + 32, r + 4,
                              cy + 40, r - 4,  cy + 30, r - 4,  cy + 14, r - 2,   cy + 2}),
                           hair) +
                      line(d("M% %h7M% %h7", {l - 4, cy + 11, r - 3, cy + 11}), accent, 3.2),
              .front = fill(shell(3, cy + 4) + d("L% %C% % % % 50 %C% % % % % %L% %Z",
                                                 {r - 1.5, cy, r - 3, hairline + 1, 50 + 12,
                                                  hairline + 5, hairline + 3, 50 - 12, hairline + 5,
                                                  l + 3, hairline + 1, l + 1.5, cy, l - 3, cy + 4}),
                            hair)};
    case 13:
      return {.front = fill(shell(3, cy + 6) +
                                d("L% %C% % % % % %C% % % % % %L% %L% %Z",
                                  {r - 2, cy - 1, r - 3, hairline + 2, 50 + 10, hairline - 3,
                                   50 + 8, hairline - 6, 50, hairline + 3, l + 10, hairline + 9,
                                   l + 4, hairline + 9, l + 1, cy + 1, l - 3, cy + 6}),
                            hair)};
    case 14:
      return {.back = braids(),
              .front = fill(shell(3, cy + 6) + d("C% % % % 50 %C% % % % % %Z",
                                                 {r, cy - 6, r - 6, t + 14, t + 6, l + 6, t + 14, l,
                                                  cy - 6, l - 3, cy + 6}),
                            hair) +
                       line(d("M50 %V%", {t + 6, t - 2}), hair2, 1.2)};
    default:
      return {.back = circle(50, t - 3, 15, hair) + circle(38, t + 1, 9, hair) +
                      circle(62, t + 1, 9, hair),
              .front = fill(shell(1.6, cy - 5) +
                                d("C% % % % 50 %C% % % % % %Z",
                                  {r - 2, cy - 12, r - 5, hairline - 4, t + h * .3, l + 5,
                                   hairline - 4, l + 2, cy - 12, l - 1.6, cy - 5}),
                            hair) +
                       line(d("M% %Q50 % % %", {l + 5, t + 12, t + 1, r - 5, t + 12}), accent, 3)};
  }
}

// Curls all around.
Hair Sketch::curls() const {
  Hair all;
  for (const Spot at : {Spot{-1, -.35},
                        {-.8, -.85},
                        {-.35, -1.2},
                        {.2, -1.25},
                        {.7, -.95},
                        {1, -.45},
                        {-1.1, .1},
                        {1.1, .1}})
    all.back += circle(50 + at.x * w, cy + at.y * h * .95, 11.5, hair);
  for (const double at : {-.66, -.22, .24, .68})
    all.front += circle(50 + at * w, t + 8 + std::abs(at) * 6, 8.6, hair);
  return all;
}

std::string Sketch::braids() const {
  std::string all;
  for (const double at : {0., 1., 2., 3.})
    all += oval(l - 1, cy + 10 + at * 9, 5.6 - at * .6, 5.6, hair) +
           oval(r + 1, cy + 10 + at * 9, 5.6 - at * .6, 5.6, hair);
  return all;
}

}  // namespace matsuri::face::internal
