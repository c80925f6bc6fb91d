#include "titles.h"

#include "community/routes.h"
#include "json/writer.h"

namespace matsuri {

std::optional<timeline::ShownTitle> Titles::find(TitleId title) const {
  const auto found = directory_.find_title(title);
  if (!found) return std::nullopt;
  timeline::ShownTitle shown{.json = {}, .main_community = found->main_community};
  json::Writer writer(shown.json);
  community::write_title(writer, *found);
  return shown;
}

}  // namespace matsuri
