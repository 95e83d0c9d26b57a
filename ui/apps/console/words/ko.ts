// 콘솔의 말.
import type { Everywhere } from './en';
import deploy from './ko.deploy';
import account from './ko.account';
import money from './ko.money';
import problems from './ko.problems';

const ko = {
  ...deploy,
  ...account,
  ...money,
  'nav.label': '페이지',
  'nav.home': '개요',
  'nav.projects': '프로젝트',
  'nav.guide': '가이드',
  'nav.billing': '요금',
  'nav.wallet': '지갑',
  'nav.skip': '본문으로 건너뛰기',
  'nav.sign_out': '로그아웃',
  'nav.theme': '테마: {theme}',
  'nav.language': 'Read in English',
  'theme.system': '시스템 설정',
  'theme.light': '밝게',
  'theme.dark': '어둡게',
  'page.unknown': '없는 페이지예요',
  'page.unknown_text': '예전 주소이거나 잘못 적었을 수 있어요.',
  'page.to_home': '개요로 가기',
  'page.load': '다시 불러오기',
  'help.title': '단축키',
  'help.search': '검색',
  'help.help': '단축키 보기',
  'help.close': '맨 위의 창 닫기',
  'help.new': '새로 배포하기',
  'state.stale': '{time} 기준이에요. 최신 내용을 불러오지 못했어요.',
  'overview.text': '무엇이 돌아가고, 얼마가 들고, 얼마나 더 쓸 수 있는지 보여 드려요.',
  'overview.deployments': '배포',
  'overview.name': '이름',
  'overview.state': '상태',
  'overview.cost': '시간당',
  'overview.runway': '남은 시간',
  'overview.free': '무료',
  'state.requested': '요청됨',
  'state.placed': '배정됨',
  'state.building': '빌드 중',
  'state.starting': '시작 중',
  'state.connecting': '연결 중',
  'state.live': '서비스 중',
  'state.crashed': '멈춤(오류)',
  'state.offline': '오프라인',
  'state.draining': '멈추는 중',
  'state.ended': '끝남',
  'reason.stopped': '직접 멈췄어요',
  'reason.failed': '실패했어요',
  'reason.deleted': '삭제했어요',
  'reason.balance': '잔액을 다 썼어요',
  'reason.term': '정해 둔 날짜가 됐어요',
} as const satisfies Record<keyof Everywhere, string>;

export default { ...problems, ...ko };
