// The forms of titles and communities: few people open them, so they come by themselves.
export { ChangeCommunity, NewCommunity } from "../features/community/CommunityForm";
export { TitleForm } from "../features/community/TitleForm";
